import { containerSetup } from './container-setup.ts';
import { reaching } from './reach.ts';

/**
 * Configure: each network in order, then its way out, then the files.
 *
 * The first refusal ends it; the network that refused is torn down with the others,
 * because a plugin that failed may have left something behind.
 */
export const configuring = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'choosing',
  on: {
    'container.up': {
      guard: 'isUnwanted',
      actions: { type: 'keepNext', params: ({ event }) => event.spec }
    },
    'container.down': {
      actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
    },
    'container.rebooted': { actions: 'noteReboot' }
  },
  states: {
    choosing: {
      always: [
        { guard: 'isDoomed', target: '#container.tearingDown' },
        { guard: 'hasPlans', target: 'adding' },
        { guard: 'reachesOutside', target: 'reaching' },
        { target: 'writing' }
      ]
    },
    adding: {
      entry: ['beginNext', 'addNewest'],
      on: {
        'attachment.added': {
          target: 'choosing',
          actions: { type: 'keepResult', params: ({ event }) => event.result }
        },
        'attachment.addFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    reaching: reaching({
      done: '#container.configuring.writing',
      failed: '#container.tearingDown',
      givenUp: 'keepFailure'
    }),
    writing: {
      entry: 'writeFiles',
      on: {
        'files.written': {
          target: '#container.settling',
          actions: { type: 'keepFiles', params: ({ event }) => event.files }
        },
        'files.writeFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    }
  }
});
