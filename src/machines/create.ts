import { containerSetup } from './container-setup.ts';

/**
 * Create: the networks are found, host ports taken, networks and netns held.
 *
 * A spec that is refused before anything is held leaves the container as it was.
 */
export const creating = containerSetup.createStateConfig({
  tags: 'busy',
  initial: 'holding',
  on: {
    'container.up': {
      guard: 'isUnwanted',
      actions: { type: 'keepNext', params: ({ event }) => event.spec }
    },
    'container.down': {
      actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
    }
  },
  states: {
    holding: {
      entry: ['noteHolding', 'holdCandidate'],
      on: {
        'resources.held': {
          target: 'deciding',
          actions: ['acceptCandidate', { type: 'keepHeld', params: ({ event }) => event }]
        },
        'resources.refused': {
          target: '#container.refusing',
          actions: [
            'dropHolding',
            { type: 'refuseCandidate', params: ({ event }) => event.failure }
          ]
        },
        'resources.holdFailed': {
          target: '#container.tearingDown',
          actions: [
            'acceptCandidate',
            { type: 'keepFailure', params: ({ event }) => event.failure }
          ]
        }
      }
    },
    deciding: {
      always: [
        { guard: 'isUnwanted', target: '#container.tearingDown' },
        { target: '#container.configuring' }
      ]
    }
  }
});
