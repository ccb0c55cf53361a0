import { containerSetup } from './container-setup.ts';
import { detaching } from './detach.ts';
import { reaching } from './reach.ts';

/**
 * Disconnect: one network less while the others go on.
 *
 * It stays a member until its plugins have taken it away. Ports it published go to the
 * next network that can publish; there they are put on as a reload does.
 */
export const disconnecting = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'deleting',
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
    deleting: detaching({
      done: '#container.disconnecting.suspecting',
      del: 'delCurrent',
      deleted: 'dropMember',
      givenUp: 'keepTrouble'
    }),
    suspecting: {
      always: [{ guard: 'isSuspect', target: 'sweeping' }, { target: 'releasing' }]
    },
    sweeping: {
      entry: 'sweepUnused',
      on: {
        'firewall.swept': 'releasing',
        'firewall.sweepFailed': {
          target: 'releasing',
          actions: { type: 'keepTrouble', params: ({ event }) => event.failure }
        }
      }
    },
    releasing: {
      entry: 'releaseUnused',
      on: {
        'resources.released': { target: 'moving', actions: 'dropUnused' },
        'resources.releaseFailed': {
          target: 'moving',
          actions: [
            'dropUnused',
            { type: 'keepTrouble', params: ({ event }) => event.failures[0]! }
          ]
        }
      }
    },
    moving: {
      always: [
        { guard: 'isDoomed', target: '#container.tearingDown' },
        {
          guard: 'mustMovePorts',
          target: '#container.reloading.removing',
          actions: 'beginMove'
        },
        { guard: 'reachesOutside', target: 'reaching' },
        { target: 'writing' }
      ]
    },
    reaching: reaching({
      done: '#container.disconnecting.writing',
      failed: '#container.disconnecting.writing',
      givenUp: 'keepOutage'
    }),
    writing: {
      entry: 'writeFiles',
      on: {
        'files.written': {
          target: '#container.settling',
          actions: { type: 'keepFiles', params: ({ event }) => event.files }
        },
        'files.writeFailed': {
          target: '#container.settling',
          actions: { type: 'keepTrouble', params: ({ event }) => event.failure }
        }
      }
    }
  }
});
