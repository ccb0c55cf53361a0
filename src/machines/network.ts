import { assign, emit, setup } from 'xstate';
import type { NetworkEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Failure } from '../model/failure.ts';
import type { NetworkBaseline } from '../model/network.ts';
import { isLastHolder, withHolder, withoutHolder, type Holders } from './holders.ts';

export interface NetworkMachineInput {
  readonly network: string;
}

export interface NetworkContext extends NetworkMachineInput {
  /** Ids of the containers attached, or about to be. */
  readonly holders: Holders;
  /** Every bridge that a plugin may have made for it. */
  readonly bridges: readonly string[];
  readonly baseline: NetworkBaseline | null;
  /** Why the last hold was refused, or why something was left on the host. */
  readonly failure: Failure | null;
}

/**
 * A network in use on this host, and who uses it.
 *
 * Its plugins leave things for its containers to share: a bridge, chains. What stood
 * there before the first container came is noted, and the rest goes with the last one.
 */
export const networkMachine = setup({
  types: {
    input: {} as NetworkMachineInput,
    context: {} as NetworkContext,
    events: {} as NetworkEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isHeld: ({ context }) => context.holders.length > 0,
    isLast: ({ context }, holder: string) => isLastHolder(context.holders, holder)
  },
  actions: {
    prepare: emit(({ context: { network, bridges } }) => ({
      type: 'network.prepare',
      network,
      bridges
    })),
    tidy: emit(({ context: { network, bridges, baseline } }) => ({
      type: 'network.tidy',
      network,
      bridges,
      baseline: baseline!
    })),

    keepHolder: assign(
      ({ context }, hold: { readonly holder: string; readonly bridges: readonly string[] }) => ({
        holders: withHolder(context.holders, hold.holder),
        bridges: [...new Set([...context.bridges, ...hold.bridges])],
        failure: null
      })
    ),
    dropHolder: assign(({ context }, holder: string) => ({
      holders: withoutHolder(context.holders, holder)
    })),
    dropHolders: assign({ holders: [] }),
    keepBaseline: assign({ baseline: (_, baseline: NetworkBaseline) => baseline }),
    // After a reboot nothing that stands there is ours.
    disownBridges: assign(({ context }) => ({ baseline: { bridges: context.bridges } })),
    dropBaseline: assign({ baseline: null }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    // Nothing to remember: that it was taken makes it a record of the journal.
    noteDefinition: assign({})
  }
}).createMachine({
  id: 'network',
  context: ({ input: { network } }) => ({
    network,
    holders: [],
    bridges: [],
    baseline: null,
    failure: null
  }),
  initial: 'absent',
  on: {
    'network.hold': { actions: { type: 'keepHolder', params: ({ event }) => event } },
    'network.release': {
      actions: { type: 'dropHolder', params: ({ event }) => event.holder }
    },
    'network.created': { actions: 'noteDefinition' },
    'network.removed': { actions: 'noteDefinition' }
  },
  states: {
    absent: {
      on: {
        'network.hold': {
          target: 'preparing',
          actions: { type: 'keepHolder', params: ({ event }) => event }
        },
        // Nobody holds it here, and nothing is to be remembered of the asker.
        'network.release': {}
      }
    },
    preparing: {
      tags: 'busy',
      entry: 'prepare',
      on: {
        'network.prepared': {
          target: 'choosing',
          actions: { type: 'keepBaseline', params: ({ event }) => event.baseline }
        },
        'network.prepareFailed': {
          target: 'absent',
          actions: ['dropHolders', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    choosing: {
      always: [{ guard: 'isHeld', target: 'inUse' }, { target: 'tidying' }]
    },
    inUse: {
      on: {
        'network.rebooted': { target: 'tidying', actions: ['dropHolders', 'disownBridges'] },
        'network.release': [
          {
            guard: { type: 'isLast', params: ({ event }) => event.holder },
            target: 'tidying',
            actions: { type: 'dropHolder', params: ({ event }) => event.holder }
          },
          { actions: { type: 'dropHolder', params: ({ event }) => event.holder } }
        ]
      }
    },
    tidying: {
      tags: 'busy',
      entry: 'tidy',
      on: {
        'network.tidied': { target: 'leaving', actions: 'dropBaseline' },
        'network.tidyFailed': {
          target: 'untidy',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    leaving: {
      always: [{ guard: 'isHeld', target: 'preparing' }, { target: 'absent' }]
    },
    // The baseline is kept: what stands there now is still ours to take away.
    untidy: {
      always: { guard: 'isHeld', target: 'inUse' },
      on: {
        'network.rebooted': { target: 'tidying', actions: ['dropHolders', 'disownBridges'] },
        'network.release': {
          target: 'tidying',
          actions: { type: 'dropHolder', params: ({ event }) => event.holder }
        }
      }
    }
  }
});
