import { containerSetup } from './container-setup.ts';
import { detaching } from './detach.ts';
import { reaching } from './reach.ts';

/**
 * Reload and repair: looks at the kernel, then mends or rebuilds.
 *
 * Rules can be put back while traffic flows. What needs more is taken off and put on
 * again with every address kept, and only when a reload was asked for: a repair says
 * what is amiss and leaves it.
 */
export const reloading = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'examining',
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
    examining: {
      entry: 'examine',
      on: {
        'attachments.examined': {
          target: 'judging',
          actions: { type: 'keepDrifts', params: ({ event }) => event }
        },
        'attachments.examineFailed': [
          { guard: 'mayRemove', target: 'cycling' },
          {
            target: '#container.settling',
            actions: { type: 'keepUnmended', params: ({ event }) => event.failure }
          }
        ]
      }
    },
    judging: {
      always: [
        { guard: 'isDoomed', target: '#container.tearingDown' },
        { guard: 'isMendable', target: 'mending' },
        { guard: 'mayRemove', target: 'cycling' },
        { guard: 'reachesOutside', target: 'reaching' },
        { target: '#container.settling' }
      ]
    },
    mending: {
      entry: 'repair',
      on: {
        'attachments.repaired': { target: 'publishing', actions: 'dropMended' },
        'attachments.repairFailed': [
          { guard: 'mayRemove', target: 'cycling' },
          {
            target: '#container.settling',
            actions: { type: 'keepUnmended', params: ({ event }) => event.failure }
          }
        ]
      }
    },
    cycling: {
      always: { target: 'removing', actions: 'beginCycle' }
    },
    removing: detaching({
      done: '#container.reloading.suspecting',
      del: 'delPinned',
      deleted: 'setAside',
      givenUp: 'keepTrouble'
    }),
    suspecting: {
      always: [{ guard: 'isSuspect', target: 'sweeping' }, { target: 'choosing' }]
    },
    sweeping: {
      entry: 'sweepAgain',
      on: {
        'firewall.swept': 'choosing',
        'firewall.sweepFailed': {
          target: 'choosing',
          actions: { type: 'keepTrouble', params: ({ event }) => event.failure }
        }
      }
    },
    choosing: {
      always: [
        { guard: 'isDoomed', target: '#container.tearingDown' },
        { guard: 'hasAgain', target: 'adding' },
        { target: 'publishing', actions: 'dropTrouble' }
      ]
    },
    adding: {
      entry: 'addAgain',
      on: {
        'attachment.added': {
          target: 'choosing',
          actions: { type: 'keepResultAgain', params: ({ event }) => event.result }
        },
        'attachment.addFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    publishing: {
      always: [{ guard: 'reachesOutside', target: 'reaching' }, { target: 'writing' }]
    },
    reaching: reaching({
      done: '#container.reloading.writing',
      failed: '#container.reloading.writing',
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
