import { containerSetup } from './container-setup.ts';

/**
 * Configure: `lo` up, then each network in order.
 *
 * The first refusal ends it; the network that refused is torn down with the others,
 * because a plugin that failed may have left something behind.
 */
export const configuring = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'raisingLoopback',
  on: {
    'container.up': {
      guard: 'isUnwanted',
      actions: { type: 'keepNext', params: ({ event }) => event.spec }
    },
    'container.down': { actions: 'noteUnwanted' }
  },
  states: {
    raisingLoopback: {
      entry: 'raiseLoopback',
      on: {
        'loopback.raised': 'choosing',
        'loopback.raiseFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    choosing: {
      always: [
        { guard: 'isUnwanted', target: '#container.tearingDown' },
        { guard: 'isAskedAgain', target: '#container.tearingDown' },
        { guard: 'hasPlans', target: 'adding' },
        { target: '#container.up' }
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
    }
  }
});
