import type {
  AttachmentPlan,
  AttachmentSpec,
  ContainerFiles,
  ContainerSpec,
  Netns,
  PortMapping
} from '../model/container.ts';
import type { CniResult } from '../model/cni-result.ts';
import type { Drift } from '../model/drift.ts';
import type { Failure } from '../model/failure.ts';
import type { NetworkBaseline } from '../model/network.ts';
import type { UplinkView } from '../model/uplink.ts';
import { OUTSIDE_COMMANDS, type OutsideCommand, type OutsideEvent } from './outside-events.ts';

/**
 * What can be said on the bus: commands are imperatives, facts are past tense.
 *
 * Every event is JSON and names its subject, so one subscription can follow one
 * container and one journal line can be read on its own.
 */
export type MooringEvent = ContainerEvent | NamespaceEvent | NetworkEvent | OutsideEvent;

const COMMANDS: ReadonlySet<string> = new Set<
  (ContainerCommand | NamespaceCommand | NetworkCommand | OutsideCommand)['type']
>([
  ...OUTSIDE_COMMANDS,
  'container.define',
  'container.up',
  'container.start',
  'container.down',
  'container.retry',
  'container.reload',
  'container.repair',
  'container.refresh',
  'container.connect',
  'container.disconnect',
  'container.rebooted',
  'namespace.hold',
  'namespace.join',
  'namespace.release',
  'namespace.rebooted',
  'network.hold',
  'network.release',
  'network.rebooted',
  'network.created',
  'network.removed'
]);

/** Whether an event asks for something; the others say what has happened. */
export function isCommand(event: MooringEvent): boolean {
  return COMMANDS.has(event.type);
}

/** Whether a command only takes away; such a one needs less than others, and may go on where nothing may be begun. */
export function isRemoval(event: MooringEvent): boolean {
  return REMOVALS.has(event.type);
}

const REMOVALS: ReadonlySet<string> = new Set([
  'container.down',
  'namespace.release',
  'network.release'
] satisfies MooringEvent['type'][]);

export type ContainerEvent = ContainerCommand | ContainerFact;

export type ContainerCommand =
  /** Keeps a spec for a later `container.start`; such a container outlives its teardown. */
  | Of<'container.define', { readonly spec: ContainerSpec }>
  | Of<'container.up', { readonly spec: ContainerSpec }>
  /** Brings up what is known of it already. */
  | Of<'container.start'>
  | Of<
      'container.down',
      {
        /** Of a defined container nothing is kept. */
        readonly forget?: boolean;
      }
    >
  /** Takes up again a teardown that is stuck; elsewhere it means nothing. */
  | Of<'container.retry'>
  | Of<
      'container.reload',
      {
        /** Every network is taken off and put on again, also where nothing is amiss. */
        readonly full?: boolean;
      }
    >
  /** Looks at the kernel and puts back what can be without taking anything away. */
  | Of<
      'container.repair',
      {
        /** What it is asked for, for who reads the journal: `firewall changed by nft`. */
        readonly because?: string;
      }
    >
  /** Renders its files again: what they are made from has changed. */
  | Of<'container.refresh'>
  | Of<
      'container.connect',
      {
        /** An `ifName` of `''` is chosen: the first free of eth0, eth1 … */
        readonly attachment: AttachmentSpec;
      }
    >
  | Of<'container.disconnect', { readonly network: string }>
  /** The host has booted since: netns, links and rules are gone, files are not. */
  | Of<'container.rebooted'>;

/** A `…Failed` fact says nothing about what was left behind: the machine unwinds in any case. */
export type ContainerFact =
  | Of<
      'resources.held',
      {
        readonly attachments: readonly AttachmentPlan[];
        /** With the host ports that were chosen; `null` when they were not asked for. */
        readonly ports: readonly PortMapping[] | null;
        /** `null` when it was not asked for, and in the host's own. */
        readonly netns: Netns | null;
        /** Its networks are those of a private host, which has to be connected itself. */
        readonly rootless?: true;
      }
    >
  /** What was asked for can't be had, and nothing of it is held. */
  | Of<'resources.refused', { readonly failure: Failure }>
  | Of<'resources.holdFailed', { readonly failure: Failure }>
  | Of<'resources.released'>
  | Of<
      'resources.releaseFailed',
      {
        readonly failures: readonly Failure[];
        /** Whether the netns is gone in spite of it. */
        readonly netnsGone: boolean;
      }
    >
  | Of<'attachment.added', { readonly network: string; readonly result: CniResult }>
  | Of<'attachment.addFailed', { readonly network: string; readonly failure: Failure }>
  | Of<
      'attachment.deleted',
      {
        readonly network: string;
        /** Rules may be left: DEL ran without the netns, or again after an interruption. */
        readonly suspect?: boolean;
      }
    >
  | Of<'attachment.delFailed', { readonly network: string; readonly failure: Failure }>
  | Of<
      'attachments.examined',
      {
        readonly drifts: readonly Drift[];
        /** Whether all that its plugins make is known here; else there may be more amiss. */
        readonly complete: boolean;
      }
    >
  | Of<'attachments.examineFailed', { readonly failure: Failure }>
  | Of<'attachments.repaired'>
  | Of<'attachments.repairFailed', { readonly failure: Failure }>
  /** Its way out is there, and its ports are published to where it is by now. */
  | Of<
      'outside.held',
      {
        readonly uplink: UplinkView | null;
        /** Where the host is reached; `''`: nowhere. */
        readonly hostAddress: string;
      }
    >
  | Of<'outside.holdFailed', { readonly failure: Failure }>
  | Of<'outside.released'>
  | Of<'outside.releaseFailed', { readonly failure: Failure }>
  | Of<'files.written', { readonly files: ContainerFiles | null }>
  | Of<'files.writeFailed', { readonly failure: Failure }>
  | Of<'firewall.swept'>
  | Of<'firewall.sweepFailed', { readonly failure: Failure }>
  | Of<'timer.fired', { readonly timer: string }>;

type Of<Type extends string, Payload = unknown> = Readonly<{ type: Type; container: string }> &
  Payload;

export type NamespaceEvent = NamespaceCommand | NamespaceFact;

export type NamespaceCommand =
  | {
      readonly type: 'namespace.hold';
      readonly namespace: string;
      /** Container id. Holding twice is holding once. */
      readonly holder: string;
      /** What it is made of when it does not exist; absent: a new one. */
      readonly origin?: NetnsOrigin;
    }
  /** Holds it if it exists, and makes none. */
  | { readonly type: 'namespace.join'; readonly namespace: string; readonly holder: string }
  | { readonly type: 'namespace.release'; readonly namespace: string; readonly holder: string }
  | { readonly type: 'namespace.rebooted'; readonly namespace: string };

/** A process whose netns is pinned; `startTime` in clock ticks tells it from a later one. */
export interface NetnsOrigin {
  readonly pid: number;
  readonly startTime: string;
}

export type NamespaceFact =
  | { readonly type: 'netns.created'; readonly namespace: string; readonly netns: Netns }
  | { readonly type: 'netns.createFailed'; readonly namespace: string; readonly failure: Failure }
  | { readonly type: 'netns.verified'; readonly namespace: string }
  | { readonly type: 'netns.verifyFailed'; readonly namespace: string; readonly failure: Failure }
  | { readonly type: 'netns.removed'; readonly namespace: string }
  | { readonly type: 'netns.removeFailed'; readonly namespace: string; readonly failure: Failure };

export type NetworkEvent = NetworkCommand | NetworkFact;

export type NetworkCommand =
  | {
      readonly type: 'network.hold';
      readonly network: string;
      /** Container id. Holding twice is holding once. */
      readonly holder: string;
      /** Bridges that the plugins of its conflist may make, `['mooring0']`. */
      readonly bridges: readonly string[];
    }
  | { readonly type: 'network.release'; readonly network: string; readonly holder: string }
  | { readonly type: 'network.rebooted'; readonly network: string }
  /** Its definition was written, or removed; told so that the journal has it. */
  | { readonly type: 'network.created'; readonly network: string; readonly driver: string }
  | { readonly type: 'network.removed'; readonly network: string; readonly driver: string };

export type NetworkFact =
  | {
      readonly type: 'network.prepared';
      readonly network: string;
      readonly baseline: NetworkBaseline;
    }
  | {
      readonly type: 'network.prepareFailed';
      readonly network: string;
      readonly failure: Failure;
    }
  | { readonly type: 'network.tidied'; readonly network: string }
  | { readonly type: 'network.tidyFailed'; readonly network: string; readonly failure: Failure };
