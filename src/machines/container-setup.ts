import { assign, emit, setup } from 'xstate';
import type { ContainerEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { CniResult } from '../model/cni-result.ts';
import { withPorts } from '../model/attachment.ts';
import type {
  AttachmentPlan,
  AttachmentSpec,
  ContainerFiles,
  ContainerSpec,
  Netns,
  PortMapping
} from '../model/container.ts';
import { isRepairable, type Drift } from '../model/drift.ts';
import type { Failure } from '../model/failure.ts';
import {
  currentOf,
  heirOfPorts,
  isMendable,
  named,
  namesOf,
  namespaceHold,
  plansWithPorts,
  refusalOfMode,
  refusalToConnect,
  refusalToDisconnect,
  type ContainerContext,
  type ContainerInput,
  type Thoroughness
} from './container-context.ts';

/** How often a DEL is asked for before the teardown goes on without it. */
export const DEL_ATTEMPTS = 3;
/** Pause before the second DEL; it doubles for each further one. */
export const DEL_BACKOFF_MS = 100;

interface Held {
  readonly attachments: readonly AttachmentPlan[];
  readonly ports: readonly PortMapping[] | null;
  readonly netns: Netns | null;
}

/** The words of the `container` chart; its states are in the other files of this folder. */
export const containerSetup = setup({
  types: {
    input: {} as ContainerInput,
    context: {} as ContainerContext,
    events: {} as ContainerEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isKept: ({ context }) => context.kept,
    isUnwanted: ({ context }) => context.unwanted,
    isDoomed: ({ context }) =>
      context.unwanted || context.next !== null || context.failure !== null,
    isAskedAgain: ({ context }) => context.next !== null,
    isForgetting: (_, forget: boolean) => forget,
    isSame: ({ context }, spec: ContainerSpec) =>
      JSON.stringify(spec) === JSON.stringify(context.spec),
    hasPlans: ({ context }) => context.plans.length > 0,
    hasAgain: ({ context }) => context.again.length > 0,
    hasTurns: ({ context }) => context.turns.length > 0,
    hasFailure: ({ context }) => context.failure !== null,
    hasLeftovers: ({ context }) => context.leftovers.length > 0,
    isSuspect: ({ context }) => context.suspect,
    isTroubled: ({ context }) => context.trouble !== null || context.drifts.length > 0,
    mayTryAgain: ({ context }) => context.refusals + 1 < DEL_ATTEMPTS,
    mayConnect: ({ context }, attachment: AttachmentSpec) =>
      refusalToConnect(context, attachment) === null,
    mayDisconnect: ({ context }, network: string) => refusalToDisconnect(context, network) === null,
    mayNotReload: ({ context }) => refusalOfMode(context) !== null,
    isFull: (_, full: boolean) => full,
    isGone: (_, gone: boolean) => gone,
    hasAttachments: ({ context }) => context.attachments.length > 0,
    hasNetns: ({ context }) => context.netns !== null,
    isMendable: ({ context }) => isMendable(context),
    mayRemove: ({ context }) => context.thoroughness !== 'repair',
    mustMovePorts: ({ context }) => heirOfPorts(context) !== undefined
  },
  actions: {
    holdCandidate: emit(({ context: { container, candidate } }) => ({
      type: 'resources.hold',
      container,
      networks: candidate!.networks,
      publishes: candidate!.ports.length > 0,
      ports: candidate!.ports,
      namespace: namespaceHold(candidate!)
    })),
    holdJoining: emit(({ context: { container, joining } }) => ({
      type: 'resources.hold',
      container,
      networks: [joining!],
      publishes: false,
      ports: null,
      namespace: null
    })),
    releaseAll: emit(({ context: { container, spec, attachments, heldNetworks } }) => ({
      type: 'resources.release',
      container,
      namespace: namespaceHold(spec!),
      // What could not be removed may still use its network and ports; the netns goes in any case.
      networks: attachments.length > 0 ? [] : heldNetworks,
      rest: attachments.length === 0
    })),
    releaseUnused: emit(({ context: { container, attachments, heldNetworks } }) => ({
      type: 'resources.release',
      container,
      namespace: null,
      networks: heldNetworks.filter((network) => !namesOf(attachments).includes(network)),
      rest: false
    })),
    addNewest: emit(({ context: { container, netns, attachments } }) => ({
      type: 'cni.add',
      container,
      netns: netns!,
      attachment: attachments.at(-1)!
    })),
    addAgain: emit(({ context: { container, netns, again } }) => ({
      type: 'cni.add',
      container,
      netns: netns!,
      attachment: { ...again[0]!, pinned: true as const }
    })),
    delCurrent: emit(({ context }) => ({
      type: 'cni.del',
      container: context.container,
      netns: context.netns,
      attachment: currentOf(context)
    })),
    delPinned: emit(({ context }) => ({
      type: 'cni.del',
      container: context.container,
      netns: context.netns,
      attachment: { ...currentOf(context), pinned: true as const }
    })),
    setBackoff: emit(({ context: { container, refusals } }) => ({
      type: 'timer.set',
      container,
      timer: 'backoff',
      delayMs: DEL_BACKOFF_MS * 2 ** (refusals - 1)
    })),
    sweepFirewall: emit(({ context: { container, heldNetworks } }) => ({
      type: 'firewall.sweep',
      container,
      networks: heldNetworks
    })),
    sweepUnused: emit(({ context: { container, attachments, heldNetworks } }) => ({
      type: 'firewall.sweep',
      container,
      networks: heldNetworks.filter((network) => !namesOf(attachments).includes(network))
    })),
    sweepAgain: emit(({ context: { container, again } }) => ({
      type: 'firewall.sweep',
      container,
      networks: namesOf(again)
    })),
    examine: emit(({ context: { container, netns, attachments } }) => ({
      type: 'attachments.examine',
      container,
      netns: netns!,
      attachments
    })),
    repair: emit(({ context: { container, attachments } }) => ({
      type: 'attachments.repair',
      container,
      attachments
    })),
    writeFiles: emit(({ context: { container, spec, netns, attachments } }) => ({
      type: 'files.write',
      container,
      spec: spec!,
      netns,
      attachments
    })),

    define: assign({
      spec: (_, spec: ContainerSpec) => spec,
      kept: true,
      refusal: null
    }),
    keepCandidate: assign({
      candidate: (_, spec: ContainerSpec) => spec,
      unwanted: false,
      refusal: null
    }),
    keepOwn: assign({
      candidate: ({ context }) => context.spec,
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
    noteUnwanted: assign({
      unwanted: true,
      next: null,
      kept: ({ context }, forget: boolean) => context.kept && !forget
    }),
    noteReboot: assign(({ context }) => ({
      netns: null,
      unwanted: context.unwanted || context.kept,
      failure: context.kept
        ? null
        : {
            code: 'host.rebooted',
            message: `container ${context.container} was up when the host was rebooted`
          }
    })),
    noteHolding: assign({
      heldNetworks: ({ context }) => namesOf(context.candidate!.networks)
    }),
    dropHolding: assign({ heldNetworks: [] }),
    acceptCandidate: assign(({ context }) => ({
      spec: context.candidate,
      candidate: null,
      failure: null,
      trouble: null,
      drifts: [],
      leftovers: []
    })),
    keepHeld: assign((_, { attachments, ports, netns }: Held) => ({
      plans: withPorts(attachments, ports ?? []),
      ports: ports ?? [],
      netns
    })),
    refuseCandidate: assign(({ context }, refusal: Failure) => ({
      refusal,
      candidate: null,
      spec: context.spec ?? context.candidate
    })),
    dropHolds: assign({
      heldNetworks: [],
      ports: [],
      files: null,
      netns: null
    }),
    dropNetns: assign({ netns: null }),

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
    keepFiles: assign({ files: (_, files: ContainerFiles | null) => files }),

    beginTeardown: assign(({ context: { attachments, leftovers } }) => ({
      plans: [],
      again: [],
      joining: null,
      drifts: [],
      trouble: null,
      turns: namesOf(attachments).toReversed(),
      refusals: 0,
      suspect: leftovers.length > 0,
      leftovers: []
    })),
    dropCurrent: assign(({ context: { attachments, turns, suspect } }, left: boolean) => ({
      attachments: attachments.filter(({ network }) => network !== turns[0]),
      turns: turns.slice(1),
      refusals: 0,
      suspect: suspect || left
    })),
    passTurn: assign(({ context }) => ({ turns: context.turns.slice(1), refusals: 0 })),
    // Without a result there is nothing to add again.
    setAside: assign(({ context: { attachments, turns, suspect } }, left: boolean) => ({
      attachments: attachments.filter(
        ({ network, result }) => network !== turns[0] || result !== undefined
      ),
      turns: turns.slice(1),
      refusals: 0,
      suspect: suspect || left
    })),
    noteRefusal: assign(({ context }) => ({ refusals: context.refusals + 1, suspect: true })),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    keepTrouble: assign({ trouble: (_, failure: Failure) => failure }),
    dropTrouble: assign({ trouble: null }),
    keepLeftover: assign({
      leftovers: ({ context }, failure: Failure) => [...context.leftovers, failure]
    }),
    keepLeftovers: assign({
      leftovers: ({ context }, failures: readonly Failure[]) => [...context.leftovers, ...failures]
    }),

    beginReload: assign(({ context }, thoroughness: Thoroughness) => ({
      thoroughness,
      // A look for repairs leaves what else is known to be wrong.
      trouble: thoroughness === 'repair' ? context.trouble : null,
      refusal: null,
      unwanted: false
    })),
    keepDrifts: assign((_, seen: { drifts: readonly Drift[]; complete: boolean }) => seen),
    dropMended: assign({
      drifts: ({ context }) => context.drifts.filter((drift) => !isRepairable(drift))
    }),
    beginCycle: assign(({ context: { attachments } }) => ({
      drifts: [],
      trouble: null,
      again: attachments.filter(({ result }) => result !== undefined),
      turns: namesOf(attachments).toReversed(),
      refusals: 0,
      suspect: false
    })),
    keepResultAgain: assign(({ context: { attachments, again } }, result: CniResult) => ({
      attachments: attachments.map((attachment) =>
        attachment.network === again[0]!.network ? { ...again[0]!, result } : attachment
      ),
      again: again.slice(1)
    })),

    refuseConnect: assign(({ context }, attachment: AttachmentSpec) => ({
      refusal: refusalToConnect(context, attachment)
    })),
    refuseDisconnect: assign(({ context }, network: string) => ({
      refusal: refusalToDisconnect(context, network)
    })),
    refuseReload: assign(({ context }) => ({ refusal: refusalOfMode(context) })),
    refuse: assign({ refusal: (_, refusal: Failure) => refusal }),
    enlist: assign(({ context }, attachment: AttachmentSpec) => ({
      refusal: null,
      spec: {
        ...context.spec!,
        networks: [...context.spec!.networks, named(context, attachment)]
      }
    })),
    delist: assign(({ context: { spec } }, network: string) => ({
      refusal: null,
      spec: {
        ...spec!,
        networks: spec!.networks.filter((other) => other.network !== network)
      }
    })),
    beginConnect: assign(({ context }, attachment: AttachmentSpec) => ({
      joining: named(context, attachment),
      heldNetworks: [...context.heldNetworks, attachment.network],
      refusal: null,
      unwanted: false
    })),
    keepJoined: assign(({ context }, { attachments }: Held) => ({
      plans: plansWithPorts(context, attachments, context.ports)
    })),
    enlistJoining: assign(({ context: { spec, joining } }) => ({
      spec: { ...spec!, networks: [...spec!.networks, joining!] },
      joining: null
    })),
    dropJoining: assign(({ context: { joining, heldNetworks } }) => ({
      joining: null,
      heldNetworks: heldNetworks.filter((network) => network !== joining!.network)
    })),
    turnToNewest: assign(({ context: { attachments } }) => ({
      joining: null,
      turns: [attachments.at(-1)!.network],
      refusals: 0,
      suspect: false
    })),
    beginDisconnect: assign(({ context: { attachments } }, network: string) => ({
      refusal: null,
      unwanted: false,
      turns: namesOf(attachments).filter((other) => other === network),
      refusals: 0,
      suspect: false
    })),
    dropMember: assign(({ context: { spec, attachments, turns, suspect } }, left: boolean) => ({
      spec: {
        ...spec!,
        networks: spec!.networks.filter(({ network }) => network !== turns[0])
      },
      attachments: attachments.filter(({ network }) => network !== turns[0]),
      turns: turns.slice(1),
      refusals: 0,
      suspect: suspect || left
    })),
    dropUnused: assign(({ context: { attachments, heldNetworks } }) => ({
      heldNetworks: heldNetworks.filter((network) => namesOf(attachments).includes(network))
    })),
    beginMove: assign(({ context }) => {
      const heir = heirOfPorts(context)!;
      const [withThem] = withPorts([heir], context.ports);
      return {
        thoroughness: 'full' as const,
        again: [{ ...heir, ...withThem! }],
        turns: [heir.network],
        refusals: 0,
        suspect: false
      };
    })
  }
});
