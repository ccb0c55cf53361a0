import { containerSetup } from './container-setup.ts';
import { detaching } from './detach.ts';

/**
 * Teardown: its way out, DEL of everything begun, last first, then all that is held.
 *
 * Each step is attempted whatever failed before. What could not be removed is kept,
 * and so are the networks and ports it may still use; the netns goes in any case.
 */
export const tearingDown = containerSetup.createStateConfig({
  tags: 'busy',
  entry: 'beginTeardown',
  initial: 'beginning',
  on: {
    'container.up': { actions: { type: 'keepNext', params: ({ event }) => event.spec } },
    'container.down': {
      actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
    }
  },
  states: {
    beginning: {
      always: [{ guard: 'hasReached', target: 'withdrawing' }, { target: 'detaching' }]
    },
    withdrawing: {
      entry: 'releaseOutside',
      on: {
        'outside.released': { target: 'detaching', actions: 'dropReach' },
        'outside.releaseFailed': {
          target: 'detaching',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    detaching: detaching({
      done: '#container.tearingDown.suspecting',
      del: 'delCurrent',
      deleted: 'dropCurrent',
      givenUp: 'keepLeftover'
    }),
    suspecting: {
      always: [{ guard: 'isSuspect', target: 'sweeping' }, { target: 'releasing' }]
    },
    sweeping: {
      entry: 'sweepFirewall',
      on: {
        'firewall.swept': 'releasing',
        'firewall.sweepFailed': {
          target: 'releasing',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    releasing: {
      entry: 'releaseAll',
      on: {
        'resources.released': [
          { guard: 'hasAttachments', target: 'settling', actions: 'dropNetns' },
          { target: 'settling', actions: 'dropHolds' }
        ],
        'resources.releaseFailed': [
          {
            guard: { type: 'isGone', params: ({ event }) => event.netnsGone },
            target: 'settling',
            actions: ['dropNetns', { type: 'keepLeftovers', params: ({ event }) => event.failures }]
          },
          {
            target: 'settling',
            actions: { type: 'keepLeftovers', params: ({ event }) => event.failures }
          }
        ]
      }
    },
    settling: {
      always: [
        { guard: 'hasLeftovers', target: '#container.stuck' },
        { guard: 'isAskedAgain', target: '#container.creating', actions: 'takeNext' },
        { guard: 'isUnwanted', target: '#container.leaving' },
        { target: '#container.failed' }
      ]
    }
  }
});
