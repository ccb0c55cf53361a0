import { assign, emit, setup } from 'xstate';
import type { ContainerEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { bridgesOf, withPorts } from '../model/attachment.ts';
import type { CniResult } from '../model/cni-result.ts';
import type {
  Attachment,
  AttachmentPlan,
  ContainerSpec,
  Netns,
  PortMapping
} from '../model/container.ts';
import type { Failure } from '../model/failure.ts';

export interface ContainerInput {
  readonly container: string;
}

export interface ContainerContext extends ContainerInput {
  /** What it is, or was last, brought up with. */
  readonly spec: ContainerSpec | null;
  /** A spec that has not been accepted yet: its networks and ports may still be refused. */
  readonly candidate: ContainerSpec | null;
  /** Asked for while the last one was being taken down. */
  readonly next: ContainerSpec | null;
  /** A `down` came while it was busy. */
  readonly unwanted: boolean;
  /** Networks still to be added, in order. */
  readonly plans: readonly AttachmentPlan[];
  /** Networks begun, in order; those with a result were added. */
  readonly attachments: readonly Attachment[];
  readonly ports: readonly PortMapping[];
  readonly netns: Netns | null;
  /** What was asked for and so may be held; each is given back before the container rests. */
  readonly holds: Holds;
  /** Teardown: how many of `attachments`, from the first, have not had their turn. */
  readonly depth: number;
  /** Teardown: refusals by the attachment whose turn it is. */
  readonly refusals: number;
  /** A DEL was refused or interrupted: rules may be left behind. */
  readonly suspect: boolean;
  /** Why the candidate was not accepted. */
  readonly refusal: Failure | null;
  /** Why it could not be brought up. */
  readonly failure: Failure | null;
  /** What the last teardown could not remove. */
  readonly leftovers: readonly Failure[];
}

export interface Holds {
  readonly ports: boolean;
  readonly networks: boolean;
  readonly namespace: boolean;
}

/** How often a DEL is asked for before the teardown goes on without it. */
export const DEL_ATTEMPTS = 3;
/** Pause before the second DEL; it doubles for each further one. */
export const DEL_BACKOFF_MS = 100;

const nothingHeld: Holds = { ports: false, networks: false, namespace: false };

export const initialContext = {
  spec: null,
  candidate: null,
  next: null,
  unwanted: false,
  plans: [],
  attachments: [],
  ports: [],
  netns: null,
  holds: nothingHeld,
  depth: 0,
  refusals: 0,
  suspect: false,
  refusal: null,
  failure: null,
  leftovers: []
} satisfies Omit<ContainerContext, 'container'>;

/** The words of the `container` chart; its states are in `container.ts`, `create.ts`, `configure.ts`, `teardown.ts`. */
export const containerSetup = setup({
  types: {
    input: {} as ContainerInput,
    context: {} as ContainerContext,
    events: {} as ContainerEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isUnwanted: ({ context }) => context.unwanted,
    publishesPorts: ({ context }) => (context.candidate?.ports.length ?? 0) > 0,
    hasPlans: ({ context }) => context.plans.length > 0,
    hasAttachments: ({ context }) => context.attachments.length > 0,
    hasFailure: ({ context }) => context.failure !== null,
    hasLeftovers: ({ context }) => context.leftovers.length > 0,
    isAskedAgain: ({ context }) => context.next !== null,
    isDetached: ({ context }) => context.depth === 0,
    isSuspect: ({ context }) => context.suspect,
    mayTryAgain: ({ context }) => context.refusals + 1 < DEL_ATTEMPTS,
    holdsNamespace: ({ context }) => context.holds.namespace,
    holdsNetworks: ({ context }) => context.holds.networks,
    holdsPorts: ({ context }) => context.holds.ports
  },
  actions: {
    resolveNetworks: emit(({ context: { container, candidate } }) => ({
      type: 'networks.resolve',
      container,
      networks: candidate!.networks,
      publishes: candidate!.ports.length > 0
    })),
    claimPorts: emit(({ context: { container, candidate } }) => ({
      type: 'ports.claim',
      container,
      ports: candidate!.ports
    })),
    holdNetworks: emit(({ context: { container, plans } }) => ({
      type: 'networks.hold',
      container,
      networks: plans.map(({ network, conflist }) => ({
        name: network,
        bridges: bridgesOf(conflist)
      }))
    })),
    holdNamespace: emit(({ context: { container } }) => ({
      type: 'namespace.hold',
      container,
      namespace: container
    })),
    raiseLoopback: emit(({ context: { container, netns } }) => ({
      type: 'loopback.raise',
      container,
      netns: netns!
    })),
    addNewest: emit(({ context: { container, netns, attachments } }) => ({
      type: 'cni.add',
      container,
      netns: netns!,
      attachment: attachments.at(-1)!
    })),
    delCurrent: emit(({ context: { container, netns, attachments, depth } }) => ({
      type: 'cni.del',
      container,
      netns,
      attachment: attachments[depth - 1]!
    })),
    setBackoff: emit(({ context: { container, refusals } }) => ({
      type: 'timer.set',
      container,
      timer: 'backoff',
      delayMs: DEL_BACKOFF_MS * 2 ** (refusals - 1)
    })),
    sweepFirewall: emit(({ context: { container, spec } }) => ({
      type: 'firewall.sweep',
      container,
      networks: spec!.networks.map(({ network }) => network)
    })),
    releaseNamespace: emit(({ context: { container } }) => ({
      type: 'namespace.release',
      container,
      namespace: container
    })),
    releaseNetworks: emit(({ context: { container, spec } }) => ({
      type: 'networks.release',
      container,
      networks: spec!.networks.map(({ network }) => network)
    })),
    releasePorts: emit(({ context: { container } }) => ({ type: 'ports.release', container })),

    keepCandidate: assign({
      candidate: (_, spec: ContainerSpec) => spec,
      unwanted: false,
      refusal: null
    }),
    takeNext: assign({
      candidate: ({ context }) => context.next,
      next: null,
      unwanted: false,
      refusal: null
    }),
    keepNext: assign({ next: (_, spec: ContainerSpec) => spec, unwanted: false }),
    noteUnwanted: assign({ unwanted: true, next: null }),
    keepPlans: assign({ plans: (_, plans: readonly AttachmentPlan[]) => plans }),
    keepPorts: assign(({ context }, ports: readonly PortMapping[]) => ({
      ports,
      plans: withPorts(context.plans, ports)
    })),
    acceptCandidate: assign(({ context }) => ({
      spec: context.candidate,
      candidate: null,
      failure: null,
      leftovers: []
    })),
    refuseCandidate: assign(({ context }, refusal: Failure) => ({
      refusal,
      candidate: null,
      spec: context.spec ?? context.candidate,
      plans: []
    })),
    dropCandidate: assign(({ context }) => ({
      candidate: null,
      spec: context.spec ?? context.candidate,
      plans: []
    })),

    notePortsAsked: assign(({ context }) => ({ holds: { ...context.holds, ports: true } })),
    noteNetworksAsked: assign(({ context }) => ({ holds: { ...context.holds, networks: true } })),
    noteNamespaceAsked: assign(({ context }) => ({ holds: { ...context.holds, namespace: true } })),
    dropPorts: assign(({ context }) => ({ holds: { ...context.holds, ports: false }, ports: [] })),
    dropNetworks: assign(({ context }) => ({ holds: { ...context.holds, networks: false } })),
    dropNamespace: assign(({ context }) => ({
      holds: { ...context.holds, namespace: false },
      netns: null
    })),
    keepNetns: assign({ netns: (_, netns: Netns) => netns }),

    beginNext: assign(({ context: { plans, attachments } }) => ({
      plans: plans.slice(1),
      attachments: [...attachments, plans[0]!]
    })),
    keepResult: assign({
      attachments: ({ context }, result: CniResult) => [
        ...context.attachments.slice(0, -1),
        { ...context.attachments.at(-1)!, result }
      ]
    }),
    beginTeardown: assign(({ context }) => ({
      plans: [],
      depth: context.attachments.length,
      refusals: 0,
      suspect: context.leftovers.length > 0,
      leftovers: []
    })),
    dropCurrent: assign(({ context: { attachments, depth, suspect } }, left: boolean) => ({
      attachments: attachments.toSpliced(depth - 1, 1),
      depth: depth - 1,
      refusals: 0,
      suspect: suspect || left
    })),
    skipCurrent: assign(({ context }) => ({ depth: context.depth - 1, refusals: 0 })),
    noteRefusal: assign(({ context }) => ({ refusals: context.refusals + 1, suspect: true })),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    keepLeftover: assign({
      leftovers: ({ context }, failure: Failure) => [...context.leftovers, failure]
    })
  }
});
