import type {
  Attachment,
  AttachmentSpec,
  ContainerSpec,
  NamespaceSpec,
  Netns,
  PortMapping
} from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import type { NetworkBaseline } from '../model/network.ts';
import type { UplinkSpec, UplinkView } from '../model/uplink.ts';
import type { MooringEvent, NetnsOrigin } from './events.ts';
import { OUTSIDE_TRAITS, type OutsideRequests } from './outside-requests.ts';

/** Work a machine asks for. A request carries all its handler needs. */
export type EffectRequest = {
  [Type in keyof Requests]: { readonly type: Type } & Requests[Type];
}[keyof Requests];

export type RequestType = keyof Requests;

export type RequestOf<Type extends RequestType> = { readonly type: Type } & Requests[Type];

interface Requests extends OutsideRequests {
  /**
   * Finds the networks, takes host ports, and holds networks and netns, in this order.
   *
   * What of a kind is `null` or empty is not touched. Ports held before are replaced.
   */
  'resources.hold': {
    readonly container: string;
    readonly networks: readonly AttachmentSpec[];
    /** Whether one of the networks must be able to publish ports. */
    readonly publishes: boolean;
    readonly ports: readonly PortMapping[] | null;
    readonly namespace: NamespaceHold | null;
    /** What it has in place of networks, which decides who publishes its ports. */
    readonly uplink?: UplinkSpec;
  };
  /** Gives back what is named; what is not held is no error. */
  'resources.release': {
    readonly container: string;
    readonly namespace: NamespaceHold | null;
    readonly networks: readonly string[];
    /** Host ports and files. */
    readonly rest: boolean;
  };
  'cni.add': {
    readonly container: string;
    readonly netns: Netns;
    readonly attachment: Attachment;
  };
  'cni.del': {
    readonly container: string;
    /** `null` when the netns is known to be gone. */
    readonly netns: Netns | null;
    readonly attachment: Attachment;
  };
  /** Compares the kernel with what the results say; changes nothing. */
  'attachments.examine': {
    readonly container: string;
    readonly netns: Netns;
    readonly attachments: readonly Attachment[];
    /** The process whose netns it was given; absent: none. */
    readonly owner?: NetnsOrigin;
  };
  /** Puts back rules and whatever else needs no link or address to be touched. */
  'attachments.repair': {
    readonly container: string;
    readonly attachments: readonly Attachment[];
  };
  /**
   * Makes its way out as it is to be: its uplink runs, and its ports are published to where it is now.
   * What is so already is looked at and left.
   */
  'outside.hold': {
    readonly container: string;
    readonly netns: Netns;
    readonly uplink: UplinkSpec | null;
    readonly ports: readonly PortMapping[];
    readonly attachments: readonly Attachment[];
    /** Whether an uplink that is well is to be started again all the same. */
    readonly again: boolean;
  };
  /** Withdraws its ports and ends its uplink. */
  'outside.release': {
    readonly container: string;
    readonly uplink: UplinkSpec | null;
    readonly ports: readonly PortMapping[];
  };
  /** Renders resolv.conf and hosts for what is attached now. */
  'files.write': {
    readonly container: string;
    readonly spec: ContainerSpec;
    readonly netns: Netns | null;
    readonly attachments: readonly Attachment[];
    /** Its way out, when that is an uplink of its own. */
    readonly uplink?: UplinkView;
    /** Where the host is when no gateway of its networks is it; `''`: nowhere. */
    readonly hostAddress?: string;
  };
  /** Removes rules and chains that an interrupted DEL left, by exact owner. */
  'firewall.sweep': { readonly container: string; readonly networks: readonly string[] };
  'timer.set': { readonly container: string; readonly timer: string; readonly delayMs: number };

  /** With `lo` up. `origin`: a process whose netns is pinned instead of a new one. */
  'netns.create': { readonly namespace: string; readonly origin?: NetnsOrigin };
  'netns.verify': { readonly namespace: string; readonly netns: Netns };
  /** `netns` is `null` when a creation was interrupted: whatever stands at the path is then ours. */
  'netns.remove': { readonly namespace: string; readonly netns: Netns | null };

  /** Looks at what stands on the host before a network is first used. */
  'network.prepare': { readonly network: string; readonly bridges: readonly string[] };
  /** Takes away what the network's plugins left for its containers to share. */
  'network.tidy': {
    readonly network: string;
    readonly bridges: readonly string[];
    readonly baseline: NetworkBaseline;
  };
}

/** A netns as a container asks for it: its own, one of a process, another's, one at a path. */
export type NamespaceHold =
  { readonly kind: 'own' } | Exclude<NamespaceSpec, { readonly kind: 'host' }>;

/** How a request is treated by the loop. */
export interface RequestTraits<Type extends RequestType> {
  /**
   * What to do with one that was asked and never answered, after a crash.
   *
   * `repeat`: performing it again is harmless. `undo`: it may not be performed
   * again; it is answered with `refused`, and the chart unwinds.
   */
  readonly recovery: 'repeat' | 'undo';
  /** `plugin` requests share a limited number of places; the others start at once. */
  readonly lane: 'plugin' | 'free';
  /** The fact that says it was not done. */
  refused(request: RequestOf<Type>, failure: Failure): MooringEvent;
}

export function traitsOf(type: RequestType): RequestTraits<RequestType> {
  // Each request meets the traits of its own type, which an indexed union can't express.
  return REQUESTS[type];
}

/** The fact that says a request was not done. */
export function refusalOf(request: EffectRequest, failure: Failure): MooringEvent {
  return traitsOf(request.type).refused(request, failure);
}

/** For a set of kinds of requests, each with its own. */
export type Traits<Types extends RequestType> = { readonly [Type in Types]: RequestTraits<Type> };

/**
 * Why each may be repeated stands beside it; the CNI specification forbids a
 * second ADD, so `cni.add` and whatever else is not known to be repeatable is undone.
 */
const REQUESTS: Traits<RequestType> = {
  // Replaces the container's own claims, and holding twice is holding once.
  'resources.hold': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({ type: 'resources.holdFailed', container, failure })
  },
  // Releasing what is not held is nothing.
  'resources.release': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({
      type: 'resources.releaseFailed',
      container,
      failures: [failure],
      netnsGone: false
    })
  },
  // Reads only. Neither waits for a place: a plugin that hangs must not keep rules away.
  'attachments.examine': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({
      type: 'attachments.examineFailed',
      container,
      failure
    })
  },
  // Puts back what is missing; finds nothing missing the second time.
  'attachments.repair': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({ type: 'attachments.repairFailed', container, failure })
  },
  // What is so already is left.
  'outside.hold': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({ type: 'outside.holdFailed', container, failure })
  },
  'outside.release': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({ type: 'outside.releaseFailed', container, failure })
  },
  // Writes the same again.
  'files.write': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container }, failure) => ({ type: 'files.writeFailed', container, failure })
  },
  // CNI specification, "ADD": a runtime must not call ADD twice without a DEL between.
  'cni.add': {
    recovery: 'undo',
    lane: 'plugin',
    refused: ({ container, attachment }, failure) => ({
      type: 'attachment.addFailed',
      container,
      network: attachment.network,
      failure
    })
  },
  // CNI specification, "DEL": plugins must accept multiple DEL calls for the same attachment.
  'cni.del': {
    recovery: 'repeat',
    lane: 'plugin',
    refused: ({ container, attachment }, failure) => ({
      type: 'attachment.delFailed',
      container,
      network: attachment.network,
      failure
    })
  },
  // Removes what is found; finds nothing the second time.
  'firewall.sweep': {
    recovery: 'repeat',
    lane: 'plugin',
    refused: ({ container }, failure) => ({ type: 'firewall.sweepFailed', container, failure })
  },
  // Fires at the time it was first set for.
  'timer.set': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ container, timer }) => ({ type: 'timer.fired', container, timer })
  },
  // A second one would be another netns, and the first might stay behind.
  'netns.create': {
    recovery: 'undo',
    lane: 'free',
    refused: ({ namespace }, failure) => ({ type: 'netns.createFailed', namespace, failure })
  },
  'netns.verify': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ namespace }, failure) => ({ type: 'netns.verifyFailed', namespace, failure })
  },
  'netns.remove': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ namespace }, failure) => ({ type: 'netns.removeFailed', namespace, failure })
  },
  // Looks again, before any plugin has run.
  'network.prepare': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ network }, failure) => ({ type: 'network.prepareFailed', network, failure })
  },
  'network.tidy': {
    recovery: 'repeat',
    lane: 'free',
    refused: ({ network }, failure) => ({ type: 'network.tidyFailed', network, failure })
  },
  ...OUTSIDE_TRAITS
};

/** What all actors ask for that the supervisor does not run. */
export const INSIDE_REQUESTS = (Object.keys(REQUESTS) as RequestType[]).filter(
  (type) => !Object.hasOwn(OUTSIDE_TRAITS, type)
);
