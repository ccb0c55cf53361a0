import { containerSetup } from './container-setup.ts';

/**
 * Teardown: DEL of everything begun, last first, then all that is held.
 *
 * Each step is attempted whatever failed before. What could not be removed is kept,
 * and so are the networks and ports it may still use; the netns goes in any case.
 */
export const tearingDown = containerSetup.createStateConfig({
  tags: 'busy',
  entry: 'beginTeardown',
  initial: 'detaching',
  on: {
    'container.up': { actions: { type: 'keepNext', params: ({ event }) => event.spec } },
    'container.down': { actions: 'noteUnwanted' }
  },
  states: {
    detaching: {
      initial: 'choosing',
      states: {
        choosing: {
          always: [
            { guard: 'isDetached', target: '#container.tearingDown.suspecting' },
            { target: 'deleting' }
          ]
        },
        deleting: {
          entry: 'delCurrent',
          on: {
            'attachment.deleted': {
              target: 'choosing',
              actions: { type: 'dropCurrent', params: ({ event }) => event.suspect === true }
            },
            'attachment.delFailed': [
              { guard: 'mayTryAgain', target: 'backingOff', actions: 'noteRefusal' },
              {
                target: 'choosing',
                actions: [
                  'noteRefusal',
                  'skipCurrent',
                  { type: 'keepLeftover', params: ({ event }) => event.failure }
                ]
              }
            ]
          }
        },
        backingOff: {
          entry: 'setBackoff',
          on: { 'timer.fired': 'deleting' }
        }
      }
    },
    suspecting: {
      always: [{ guard: 'isSuspect', target: 'sweeping' }, { target: 'leavingNamespace' }]
    },
    sweeping: {
      entry: 'sweepFirewall',
      on: {
        'firewall.swept': 'leavingNamespace',
        'firewall.sweepFailed': {
          target: 'leavingNamespace',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    leavingNamespace: {
      always: [
        { guard: 'holdsNamespace', target: 'releasingNamespace' },
        { target: 'leavingNetworks' }
      ]
    },
    releasingNamespace: {
      entry: 'releaseNamespace',
      on: {
        'namespace.released': { target: 'leavingNetworks', actions: 'dropNamespace' },
        'namespace.releaseFailed': {
          target: 'leavingNetworks',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    leavingNetworks: {
      always: [
        { guard: 'hasAttachments', target: 'settling' },
        { guard: 'holdsNetworks', target: 'releasingNetworks' },
        { target: 'leavingPorts' }
      ]
    },
    releasingNetworks: {
      entry: 'releaseNetworks',
      on: {
        'networks.released': { target: 'leavingPorts', actions: 'dropNetworks' },
        'networks.releaseFailed': {
          target: 'leavingPorts',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    leavingPorts: {
      always: [{ guard: 'holdsPorts', target: 'releasingPorts' }, { target: 'settling' }]
    },
    releasingPorts: {
      entry: 'releasePorts',
      on: {
        'ports.released': { target: 'settling', actions: 'dropPorts' },
        'ports.releaseFailed': {
          target: 'settling',
          actions: { type: 'keepLeftover', params: ({ event }) => event.failure }
        }
      }
    },
    settling: {
      always: [
        { guard: 'hasLeftovers', target: '#container.stuck' },
        { guard: 'isAskedAgain', target: '#container.creating', actions: 'takeNext' },
        { guard: 'isUnwanted', target: '#container.absent' },
        { target: '#container.failed' }
      ]
    }
  }
});
