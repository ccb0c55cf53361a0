import { assign, emit, setup } from 'xstate';
import type { RootlessNetnsEvent } from '../bus/outside-events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Failure } from '../model/failure.ts';
import { isLastHolder, withHolder, withoutHolder, type Holders } from './holders.ts';

export interface RootlessNetnsInput {
  readonly rootlessNetns: string;
}

export interface RootlessNetnsContext extends RootlessNetnsInput {
  /** Names of the networks that are in use. */
  readonly holders: Holders;
  /** Why the last hold was refused, or why something was left. */
  readonly failure: Failure | null;
}

/**
 * The netns of a private host as the networks in it need it: connected, with names that resolve.
 *
 * `ready` is a committed state: what was half built is never taken for it. It is connected for
 * the first network that comes into use, looked at for every further one, and disconnected with the last.
 */
export const rootlessNetnsMachine = setup({
  types: {
    input: {} as RootlessNetnsInput,
    context: {} as RootlessNetnsContext,
    events: {} as RootlessNetnsEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isHeld: ({ context }) => context.holders.length > 0,
    isHolder: ({ context }, holder: string) => context.holders.includes(holder),
    isLast: ({ context }, holder: string) => isLastHolder(context.holders, holder)
  },
  actions: {
    build: emit(({ context: { rootlessNetns } }) => ({
      type: 'rootlessNetns.build',
      rootlessNetns
    })),
    remove: emit(({ context: { rootlessNetns } }) => ({
      type: 'rootlessNetns.remove',
      rootlessNetns
    })),

    keepHolder: assign(({ context }, holder: string) => ({
      holders: withHolder(context.holders, holder),
      failure: null
    })),
    dropHolder: assign(({ context }, holder: string) => ({
      holders: withoutHolder(context.holders, holder)
    })),
    dropNewest: assign(({ context }) => ({ holders: context.holders.slice(0, -1) })),
    dropHolders: assign({ holders: [] }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    dropFailure: assign({ failure: null })
  }
}).createMachine({
  id: 'rootlessNetns',
  context: ({ input: { rootlessNetns } }) => ({ rootlessNetns, holders: [], failure: null }),
  initial: 'absent',
  on: {
    'rootlessNetns.hold': {
      actions: { type: 'keepHolder', params: ({ event }) => event.holder }
    },
    'rootlessNetns.release': {
      actions: { type: 'dropHolder', params: ({ event }) => event.holder }
    }
  },
  states: {
    absent: {
      on: {
        'rootlessNetns.hold': {
          target: 'building',
          actions: { type: 'keepHolder', params: ({ event }) => event.holder }
        },
        // Nobody holds it here, and nothing is to be remembered of the asker.
        'rootlessNetns.release': {}
      }
    },
    building: {
      tags: 'busy',
      entry: 'build',
      on: {
        'rootlessNetns.built': 'choosing',
        'rootlessNetns.buildFailed': {
          target: 'removing',
          actions: ['dropHolders', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    choosing: {
      always: [{ guard: 'isHeld', target: 'ready' }, { target: 'removing' }]
    },
    ready: {
      on: {
        'rootlessNetns.hold': [
          {
            guard: { type: 'isHolder', params: ({ event }) => event.holder },
            target: 'checking',
            actions: 'dropFailure'
          },
          {
            target: 'verifying',
            actions: { type: 'keepHolder', params: ({ event }) => event.holder }
          }
        ],
        'rootlessNetns.release': [
          {
            guard: { type: 'isLast', params: ({ event }) => event.holder },
            target: 'removing',
            actions: { type: 'dropHolder', params: ({ event }) => event.holder }
          },
          { actions: { type: 'dropHolder', params: ({ event }) => event.holder } }
        ],
        'rootlessNetns.rebooted': { target: 'removing', actions: 'dropHolders' }
      }
    },
    // What is missing by now is built again, for all who hold it.
    checking: {
      tags: 'busy',
      entry: 'build',
      on: {
        'rootlessNetns.built': 'choosing',
        'rootlessNetns.buildFailed': {
          target: 'choosing',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    verifying: {
      tags: 'busy',
      entry: 'build',
      on: {
        'rootlessNetns.built': 'choosing',
        'rootlessNetns.buildFailed': {
          target: 'choosing',
          actions: ['dropNewest', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    removing: {
      tags: 'busy',
      entry: 'remove',
      on: {
        'rootlessNetns.removed': 'leaving',
        'rootlessNetns.removeFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    leaving: {
      always: [{ guard: 'isHeld', target: 'building' }, { target: 'absent' }]
    },
    stuck: {
      on: {
        'rootlessNetns.hold': {
          target: 'removing',
          actions: { type: 'keepHolder', params: ({ event }) => event.holder }
        },
        'rootlessNetns.release': {
          target: 'removing',
          actions: { type: 'dropHolder', params: ({ event }) => event.holder }
        },
        'rootlessNetns.rebooted': { target: 'removing', actions: 'dropHolders' }
      }
    }
  }
});
