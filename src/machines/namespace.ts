import { assign, emit, setup } from 'xstate';
import type { NamespaceEvent, NetnsOrigin } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Netns } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import { INTERRUPTED } from '../model/failure.ts';
import { isLastHolder, withHolder, withoutHolder, type Holders } from './holders.ts';

export interface NamespaceInput {
  /** Id of the container it was first made for. */
  readonly namespace: string;
}

export interface NamespaceContext extends NamespaceInput {
  readonly holders: Holders;
  readonly netns: Netns | null;
  /** Process whose netns it is; `null`: one of its own. */
  readonly origin: NetnsOrigin | null;
  /** Why the last hold was refused, or why it could not be removed. */
  readonly failure: Failure | null;
}

/**
 * A pinned netns and who holds it.
 *
 * It is made for the first holder and removed when the last one leaves; a holder
 * that comes while it is being removed gets a new one.
 */
export const namespaceMachine = setup({
  types: {
    input: {} as NamespaceInput,
    context: {} as NamespaceContext,
    events: {} as NamespaceEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isHeld: ({ context }) => context.holders.length > 0,
    isLast: ({ context }, holder: string) => isLastHolder(context.holders, holder),
    wasInterrupted: (_, failure: Failure) => failure.code === INTERRUPTED
  },
  actions: {
    createNetns: emit(({ context: { namespace, origin } }) => ({
      type: 'netns.create',
      namespace,
      ...(origin && { origin })
    })),
    verifyNetns: emit(({ context: { namespace, netns } }) => ({
      type: 'netns.verify',
      namespace,
      netns: netns!
    })),
    removeNetns: emit(({ context: { namespace, netns } }) => ({
      type: 'netns.remove',
      namespace,
      netns
    })),

    keepHolder: assign(({ context }, holder: string) => ({
      holders: withHolder(context.holders, holder),
      failure: null
    })),
    keepOrigin: assign({ origin: (_, origin: NetnsOrigin | null) => origin }),
    dropHolder: assign(({ context }, holder: string) => ({
      holders: withoutHolder(context.holders, holder)
    })),
    dropNewest: assign(({ context }) => ({ holders: context.holders.slice(0, -1) })),
    dropHolders: assign({ holders: [] }),
    keepNetns: assign({ netns: (_, netns: Netns) => netns }),
    dropNetns: assign({ netns: null }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure })
  }
}).createMachine({
  id: 'namespace',
  context: ({ input: { namespace } }) => ({
    namespace,
    holders: [],
    netns: null,
    origin: null,
    failure: null
  }),
  initial: 'absent',
  on: {
    'namespace.hold': {
      actions: { type: 'keepHolder', params: ({ event }) => event.holder }
    },
    'namespace.join': {
      actions: { type: 'keepHolder', params: ({ event }) => event.holder }
    },
    'namespace.release': {
      actions: { type: 'dropHolder', params: ({ event }) => event.holder }
    }
  },
  states: {
    absent: {
      on: {
        'namespace.hold': {
          target: 'creating',
          actions: [
            { type: 'keepHolder', params: ({ event }) => event.holder },
            { type: 'keepOrigin', params: ({ event }) => event.origin ?? null }
          ]
        },
        // Nothing is held here, and nothing is to be remembered of the asker.
        'namespace.join': {},
        'namespace.release': {}
      }
    },
    creating: {
      tags: 'busy',
      entry: 'createNetns',
      on: {
        'netns.created': {
          target: 'choosing',
          actions: { type: 'keepNetns', params: ({ event }) => event.netns }
        },
        'netns.createFailed': [
          {
            guard: { type: 'wasInterrupted', params: ({ event }) => event.failure },
            target: 'undoing',
            actions: { type: 'keepFailure', params: ({ event }) => event.failure }
          },
          {
            target: 'absent',
            actions: ['dropHolders', { type: 'keepFailure', params: ({ event }) => event.failure }]
          }
        ]
      }
    },
    choosing: {
      always: [{ guard: 'isHeld', target: 'ready' }, { target: 'removing' }]
    },
    ready: {
      on: {
        'namespace.hold': {
          target: 'verifying',
          actions: { type: 'keepHolder', params: ({ event }) => event.holder }
        },
        'namespace.join': {
          target: 'verifying',
          actions: { type: 'keepHolder', params: ({ event }) => event.holder }
        },
        'namespace.rebooted': 'undoing',
        'namespace.release': [
          {
            guard: { type: 'isLast', params: ({ event }) => event.holder },
            target: 'removing',
            actions: { type: 'dropHolder', params: ({ event }) => event.holder }
          },
          { actions: { type: 'dropHolder', params: ({ event }) => event.holder } }
        ]
      }
    },
    verifying: {
      tags: 'busy',
      entry: 'verifyNetns',
      on: {
        'netns.verified': 'choosing',
        'netns.verifyFailed': {
          target: 'choosing',
          actions: ['dropNewest', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    removing: {
      tags: 'busy',
      entry: 'removeNetns',
      on: {
        // What is going can't be joined, and none is made for somebody who only joins.
        'namespace.join': {},
        'netns.removed': { target: 'leaving', actions: 'dropNetns' },
        'netns.removeFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    undoing: {
      tags: 'busy',
      entry: ['dropHolders', 'removeNetns'],
      on: {
        'namespace.join': {},
        'netns.removed': 'leaving',
        'netns.removeFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    leaving: {
      always: [{ guard: 'isHeld', target: 'creating' }, { target: 'absent' }]
    },
    stuck: {
      on: {
        'namespace.join': {},
        'namespace.hold': {
          target: 'removing',
          actions: { type: 'keepHolder', params: ({ event }) => event.holder }
        },
        'namespace.release': {
          target: 'removing',
          actions: { type: 'dropHolder', params: ({ event }) => event.holder }
        }
      }
    }
  }
});
