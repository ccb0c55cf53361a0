import { containerSetup } from './container-setup.ts';

/**
 * Create: the networks are found, host ports claimed, networks and netns held.
 *
 * Until the netns is asked for nothing on the host has changed, so a spec that is
 * refused up to there leaves the container as it was.
 */
export const creating = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'resolving',
  on: {
    'container.up': {
      guard: 'isUnwanted',
      actions: { type: 'keepNext', params: ({ event }) => event.spec }
    },
    'container.down': { actions: 'noteUnwanted' }
  },
  states: {
    resolving: {
      entry: 'resolveNetworks',
      on: {
        'networks.resolved': {
          target: 'choosing',
          actions: { type: 'keepPlans', params: ({ event }) => event.attachments }
        },
        'networks.resolveFailed': {
          target: '#container.refusing',
          actions: { type: 'refuseCandidate', params: ({ event }) => event.failure }
        }
      }
    },
    choosing: {
      always: [
        { guard: 'isUnwanted', target: '#container.refusing', actions: 'dropCandidate' },
        { guard: 'publishesPorts', target: 'claiming' },
        { target: 'accepting' }
      ]
    },
    claiming: {
      entry: ['notePortsAsked', 'claimPorts'],
      on: {
        'ports.claimed': {
          target: 'accepting',
          actions: { type: 'keepPorts', params: ({ event }) => event.ports }
        },
        'ports.claimFailed': {
          target: '#container.refusing',
          actions: ['dropPorts', { type: 'refuseCandidate', params: ({ event }) => event.failure }]
        }
      }
    },
    accepting: {
      entry: 'acceptCandidate',
      always: [
        { guard: 'isUnwanted', target: '#container.tearingDown' },
        { guard: 'hasPlans', target: 'holdingNetworks' },
        { target: 'holdingNamespace' }
      ]
    },
    holdingNetworks: {
      entry: ['noteNetworksAsked', 'holdNetworks'],
      on: {
        'networks.held': 'holdingNamespace',
        'networks.holdFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    holdingNamespace: {
      entry: ['noteNamespaceAsked', 'holdNamespace'],
      on: {
        'namespace.held': {
          target: '#container.configuring',
          actions: { type: 'keepNetns', params: ({ event }) => event.netns }
        },
        'namespace.holdFailed': {
          target: '#container.tearingDown',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    }
  }
});
