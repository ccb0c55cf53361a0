import { initialUplink } from './uplink-context.ts';
import { uplinkSetup } from './uplink-setup.ts';

/**
 * A program that connects a netns with the host's network, slirp4netns or pasta, and its ports.
 *
 * One that is lost is started again in the same netns, with the same addresses and ports: at once,
 * then after pauses that grow. One that will not stay is `down`, and is tried again when it is
 * next asked for.
 */
export const uplinkMachine = uplinkSetup.createMachine({
  id: 'uplink',
  context: ({ input: { uplink } }) => ({ uplink, ...initialUplink }),
  initial: 'absent',
  states: {
    absent: {
      on: {
        'uplink.hold': {
          target: 'starting',
          actions: [
            { type: 'keepPlan', params: ({ event }) => event.plan },
            { type: 'keepForwards', params: ({ event }) => event }
          ]
        },
        // Nothing is there, and nothing is to be remembered of the asker.
        'uplink.forward': {},
        'uplink.release': {}
      }
    },
    starting: {
      tags: 'busy',
      entry: 'start',
      on: {
        'uplink.started': {
          target: 'ready',
          actions: { type: 'keepProcess', params: ({ event }) => event.process }
        },
        'uplink.startFailed': {
          target: 'absent',
          actions: ['dropAll', { type: 'keepFailure', params: ({ event }) => event.failure }]
        }
      }
    },
    ready: {
      on: {
        'uplink.hold': [
          {
            guard: {
              type: 'isWell',
              params: ({ event }) => ({ plan: event.plan, again: event.again === true })
            },
            target: 'settling',
            actions: { type: 'keepForwards', params: ({ event }) => event }
          },
          {
            target: 'replacing',
            actions: [
              { type: 'keepPlan', params: ({ event }) => event.plan },
              { type: 'keepForwards', params: ({ event }) => event }
            ]
          }
        ],
        'uplink.forward': {
          target: 'settling',
          actions: { type: 'keepForwards', params: ({ event }) => event }
        },
        'uplink.lost': {
          guard: { type: 'isOurs', params: ({ event }) => event.process },
          target: 'restoring',
          actions: [
            { type: 'noteLoss', params: ({ event }) => event.ranMs },
            { type: 'keepFailure', params: ({ event }) => event.failure }
          ]
        },
        'uplink.release': 'stopping',
        'uplink.rebooted': 'stopping'
      }
    },
    settling: {
      tags: 'busy',
      entry: 'settle',
      on: {
        'uplink.settled': { target: 'ready', actions: 'dropFailure' },
        'uplink.settleFailed': {
          target: 'reverting',
          actions: ['revertForwards', { type: 'keepFailure', params: ({ event }) => event.failure }]
        },
        'uplink.unwell': { target: 'replacing', actions: 'beginAgain' }
      }
    },
    // What was forwarded before the refusal is taken back.
    reverting: {
      tags: 'busy',
      entry: 'settle',
      on: {
        'uplink.settled': 'ready',
        'uplink.settleFailed': 'replacing',
        'uplink.unwell': 'replacing'
      }
    },
    replacing: {
      tags: 'busy',
      entry: 'stop',
      on: {
        'uplink.stopped': { target: 'restoring', actions: ['dropProcess', 'beginAgain'] },
        'uplink.stopFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    restoring: {
      tags: 'busy',
      initial: 'choosing',
      states: {
        choosing: {
          always: [
            { guard: 'isFirst', target: 'starting' },
            { guard: 'mayTryAgain', target: 'backingOff' },
            { target: '#uplink.down' }
          ]
        },
        starting: {
          entry: 'start',
          on: {
            'uplink.started': {
              target: '#uplink.ready',
              actions: [
                { type: 'keepProcess', params: ({ event }) => event.process },
                'dropFailure'
              ]
            },
            'uplink.startFailed': {
              target: 'choosing',
              actions: [
                'noteAttempt',
                { type: 'keepFailure', params: ({ event }) => event.failure }
              ]
            }
          }
        },
        backingOff: {
          entry: 'setBackoff',
          on: { 'timer.fired': 'starting' }
        }
      }
    },
    down: {
      on: {
        'uplink.hold': {
          target: 'restoring',
          actions: [
            { type: 'keepPlan', params: ({ event }) => event.plan },
            { type: 'keepForwards', params: ({ event }) => event }
          ]
        },
        'uplink.forward': [
          {
            guard: { type: 'isNothing', params: ({ event }) => event.forwards },
            actions: { type: 'keepForwards', params: ({ event }) => event }
          },
          {
            target: 'restoring',
            actions: ['beginAgain', { type: 'keepForwards', params: ({ event }) => event }]
          }
        ],
        'uplink.release': 'stopping',
        'uplink.rebooted': 'stopping'
      }
    },
    stopping: {
      tags: 'busy',
      entry: 'stop',
      on: {
        'uplink.stopped': { target: 'absent', actions: 'dropAll' },
        'uplink.stopFailed': {
          target: 'stuck',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    stuck: {
      on: {
        'uplink.hold': {
          target: 'replacing',
          actions: [
            { type: 'keepPlan', params: ({ event }) => event.plan },
            { type: 'keepForwards', params: ({ event }) => event }
          ]
        },
        'uplink.release': 'stopping',
        'uplink.rebooted': 'stopping'
      }
    }
  }
});
