import { containerSetup } from './container-setup.ts';
import { detaching } from './detach.ts';
import { reaching } from './reach.ts';

/**
 * Connect: one network more while the others go on.
 *
 * It becomes a member when its plugins have succeeded; until then a refusal takes
 * back what was begun and leaves the container as it was.
 */
export const connecting = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'holding',
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
    holding: {
      entry: 'holdJoining',
      on: {
        'resources.held': {
          target: 'deciding',
          actions: { type: 'keepJoined', params: ({ event }) => event }
        },
        'resources.refused': {
          target: '#container.settling',
          actions: ['dropJoining', { type: 'refuse', params: ({ event }) => event.failure }]
        },
        'resources.holdFailed': {
          target: 'releasing',
          actions: ['dropJoining', { type: 'refuse', params: ({ event }) => event.failure }]
        }
      }
    },
    deciding: {
      always: [{ guard: 'isDoomed', target: '#container.tearingDown' }, { target: 'adding' }]
    },
    adding: {
      entry: ['beginNext', 'addNewest'],
      on: {
        'attachment.added': {
          target: 'publishing',
          actions: [{ type: 'keepResult', params: ({ event }) => event.result }, 'enlistJoining']
        },
        'attachment.addFailed': {
          target: 'undoing',
          actions: ['turnToNewest', { type: 'refuse', params: ({ event }) => event.failure }]
        }
      }
    },
    undoing: detaching({
      done: '#container.connecting.suspecting',
      del: 'delCurrent',
      deleted: 'dropCurrent',
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
        'resources.released': { target: '#container.settling', actions: 'dropUnused' },
        'resources.releaseFailed': {
          target: '#container.settling',
          actions: [
            'dropUnused',
            { type: 'keepTrouble', params: ({ event }) => event.failures[0]! }
          ]
        }
      }
    },
    publishing: {
      always: [{ guard: 'reachesOutside', target: 'reaching' }, { target: 'writing' }]
    },
    reaching: reaching({
      done: '#container.connecting.writing',
      failed: '#container.connecting.writing',
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
