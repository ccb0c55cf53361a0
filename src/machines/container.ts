import { configuring } from './configure.ts';
import { containerSetup, initialContext } from './container-setup.ts';
import { creating } from './create.ts';
import { tearingDown } from './teardown.ts';

/**
 * The network of one container, from nothing to up and back.
 *
 * Bringing it up succeeds or fails as a whole: a refusal unwinds everything begun and
 * ends in `failed`. Taking it down goes on past a failure, and ends in `stuck` while
 * something is left on the host.
 */
export const containerMachine = containerSetup.createMachine({
  id: 'container',
  context: ({ input }) => ({ ...input, ...initialContext }),
  initial: 'absent',
  states: {
    absent: {
      on: {
        'container.up': {
          target: 'creating',
          actions: { type: 'keepCandidate', params: ({ event }) => event.spec }
        }
      }
    },
    creating,
    refusing: {
      always: [
        { guard: 'isAskedAgain', target: 'creating', actions: 'takeNext' },
        { guard: 'isUnwanted', target: 'absent' },
        { guard: 'hasFailure', target: 'failed' },
        { target: 'absent' }
      ]
    },
    configuring,
    up: {
      on: {
        'container.down': { target: 'tearingDown', actions: 'noteUnwanted' }
      }
    },
    tearingDown,
    failed: {
      on: {
        'container.up': {
          target: 'creating',
          actions: { type: 'keepCandidate', params: ({ event }) => event.spec }
        },
        'container.down': { target: 'absent', actions: 'noteUnwanted' }
      }
    },
    stuck: {
      on: {
        'container.retry': 'tearingDown',
        'container.up': {
          target: 'tearingDown',
          actions: { type: 'keepNext', params: ({ event }) => event.spec }
        },
        'container.down': { target: 'tearingDown', actions: 'noteUnwanted' }
      }
    }
  }
});
