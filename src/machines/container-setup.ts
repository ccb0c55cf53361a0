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
import { isRepairable } from '../model/drift.ts';
import type { Failure } from '../model/failure.ts';
import type { UplinkView } from '../model/uplink.ts';
import * as memory from './container-memory.ts';
import * as asks from './container-requests.ts';
import {
  DEL_ATTEMPTS,
  heirOfPorts,
  isMendable,
  namesOf,
  plansWithPorts,
  reachesOutside,
  refusalOfNetns,
  refusalToConnect,
  refusalToDisconnect,
  type ContainerContext,
  type ContainerInput,
  type Thoroughness
} from './container-context.ts';

export interface Held {
  readonly attachments: readonly AttachmentPlan[];
  readonly ports: readonly PortMapping[] | null;
  readonly netns: Netns | null;
  readonly rootless?: true;
}

export interface Reached {
  readonly uplink: UplinkView | null;
  readonly hostAddress: string;
}

type Seen = Pick<ContainerContext, 'drifts' | 'complete'>;

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
    isTroubled: ({ context }) =>
      [context.trouble, context.unmended, context.outage].some((failure) => failure !== null) ||
      context.drifts.length > 0,
    mayTryAgain: ({ context }) => context.refusals + 1 < DEL_ATTEMPTS,
    mayConnect: ({ context }, attachment: AttachmentSpec) =>
      refusalToConnect(context, attachment) === null,
    mayDisconnect: ({ context }, network: string) => refusalToDisconnect(context, network) === null,
    mayNotReload: ({ context }) => refusalOfNetns(context) !== null,
    isFull: (_, full: boolean) => full,
    isGone: (_, gone: boolean) => gone,
    hasAttachments: ({ context }) => context.attachments.length > 0,
    hasNetns: ({ context }) => context.netns !== null,
    isMendable: ({ context }) => isMendable(context),
    mayRemove: ({ context }) => context.thoroughness !== 'repair',
    mustMovePorts: ({ context }) => heirOfPorts(context) !== undefined,
    reachesOutside: ({ context }) => reachesOutside(context),
    hasReached: ({ context }) => context.reached
  },
  actions: {
    holdCandidate: emit(({ context }) => asks.holdCandidate(context)),
    holdJoining: emit(({ context }) => asks.holdJoining(context)),
    releaseAll: emit(({ context }) => asks.releaseAll(context)),
    releaseUnused: emit(({ context }) => asks.releaseUnused(context)),
    addNewest: emit(({ context }) => asks.addNewest(context)),
    addAgain: emit(({ context }) => asks.addAgain(context)),
    delCurrent: emit(({ context }) => asks.delCurrent(context)),
    delPinned: emit(({ context }) => asks.delPinned(context)),
    setBackoff: emit(({ context }) => asks.setBackoff(context)),
    sweepFirewall: emit(({ context }) => asks.sweepFirewall(context)),
    sweepUnused: emit(({ context }) => asks.sweepUnused(context)),
    sweepAgain: emit(({ context }) => asks.sweepAgain(context)),
    examine: emit(({ context }) => asks.examine(context)),
    repair: emit(({ context }) => asks.repair(context)),
    writeFiles: emit(({ context }) => asks.writeFiles(context)),
    holdOutside: emit(({ context }) => asks.holdOutside(context)),
    releaseOutside: emit(({ context }) => asks.releaseOutside(context)),

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
    noteReboot: assign(({ context }) => memory.noteReboot(context)),
    noteHolding: assign({
      heldNetworks: ({ context }) => namesOf(context.candidate!.networks)
    }),
    dropHolding: assign({ heldNetworks: [] }),
    acceptCandidate: assign(({ context }) => ({
      spec: context.candidate,
      candidate: null,
      failure: null,
      trouble: null,
      outage: null,
      unmended: null,
      drifts: [],
      leftovers: []
    })),
    keepHeld: assign((_, { attachments, ports, netns, rootless }: Held) => ({
      plans: withPorts(attachments, ports ?? []),
      ports: ports ?? [],
      netns,
      rootless: rootless === true
    })),
    refuseCandidate: assign(({ context }, refusal: Failure) =>
      memory.refuseCandidate(context, refusal)
    ),
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
        // A spread before a new field would do the same, in many times the time.
        Object.assign({}, context.attachments.at(-1)!, { result })
      ]
    }),
    noteReach: assign({ reached: true }),
    keepReached: assign((_, { uplink, hostAddress }: Reached) => ({
      uplink,
      hostAddress,
      outage: null
    })),
    keepOutage: assign({ outage: (_, outage: Failure) => outage }),
    dropReach: assign({ reached: false, uplink: null, hostAddress: null, outage: null }),
    keepFiles: assign({ files: (_, files: ContainerFiles | null) => files }),

    beginTeardown: assign(({ context }) => memory.beginTeardown(context)),
    dropCurrent: assign(({ context }, left: boolean) => memory.dropCurrent(context, left)),
    passTurn: assign(({ context }) => ({ turns: context.turns.slice(1), refusals: 0 })),
    setAside: assign(({ context }, left: boolean) => memory.setAside(context, left)),
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

    beginReload: assign(({ context }, thoroughness: Thoroughness) =>
      memory.beginReload(context, thoroughness)
    ),
    keepDrifts: assign((_, { drifts, complete }: Seen) => ({ drifts, complete, unmended: null })),
    keepUnmended: assign({ unmended: (_, failure: Failure) => failure }),
    dropMended: assign({
      drifts: ({ context }) => context.drifts.filter((drift) => !isRepairable(drift))
    }),
    beginCycle: assign(({ context }) => memory.beginCycle(context)),
    keepResultAgain: assign(({ context }, result: CniResult) =>
      memory.keepResultAgain(context, result)
    ),

    refuseConnect: assign(({ context }, attachment: AttachmentSpec) => ({
      refusal: refusalToConnect(context, attachment)
    })),
    refuseDisconnect: assign(({ context }, network: string) => ({
      refusal: refusalToDisconnect(context, network)
    })),
    refuseReload: assign(({ context }) => ({ refusal: refusalOfNetns(context) })),
    refuse: assign({ refusal: (_, refusal: Failure) => refusal }),
    enlist: assign(({ context }, attachment: AttachmentSpec) => memory.enlist(context, attachment)),
    delist: assign(({ context }, network: string) => memory.delist(context, network)),
    beginConnect: assign(({ context }, attachment: AttachmentSpec) =>
      memory.beginConnect(context, attachment)
    ),
    keepJoined: assign(({ context }, { attachments, rootless }: Held) => ({
      plans: plansWithPorts(context, attachments, context.ports),
      rootless: context.rootless || rootless === true
    })),
    enlistJoining: assign(({ context }) => memory.enlistJoining(context)),
    dropJoining: assign(({ context }) => memory.dropJoining(context)),
    turnToNewest: assign(({ context }) => memory.turnToNewest(context)),
    beginDisconnect: assign(({ context }, network: string) =>
      memory.beginDisconnect(context, network)
    ),
    dropMember: assign(({ context }, left: boolean) => memory.dropMember(context, left)),
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
