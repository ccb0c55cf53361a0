import { configuring } from './configure.ts';
import { connecting } from './connect.ts';
import { initialContext } from './container-context.ts';
import { containerSetup } from './container-setup.ts';
import { creating } from './create.ts';
import { disconnecting } from './disconnect.ts';
import { live } from './live.ts';
import { membership } from './membership.ts';
import { reloading } from './reload.ts';
import { tearingDown } from './teardown.ts';

// Copied as a whole, which takes a tenth of the time of adding its fields to another object.
const noContext = { container: '', ...initialContext };

/**
 * The network of one container, from nothing to up and back.
 *
 * Bringing it up succeeds or fails as a whole: a refusal unwinds everything begun and
 * ends in `failed`. Taking it down goes on past a failure, and ends in `stuck` while
 * something is left on the host. `degraded` is up with something amiss.
 */
export const containerMachine = containerSetup.createMachine({
  id: 'container',
  context: ({ input: { container } }) => ({ ...noContext, container }),
  initial: 'absent',
  states: {
    absent: {
      on: {
        'container.define': {
          target: 'defined',
          actions: { type: 'define', params: ({ event }) => event.spec }
        },
        'container.up': {
          target: 'creating',
          actions: { type: 'keepCandidate', params: ({ event }) => event.spec }
        }
      }
    },
    defined: {
      on: {
        ...membership.on,
        'container.up': {
          target: 'creating',
          actions: { type: 'keepCandidate', params: ({ event }) => event.spec }
        },
        'container.start': { target: 'creating', actions: 'keepOwn' },
        'container.down': {
          guard: { type: 'isForgetting', params: ({ event }) => event.forget === true },
          target: 'absent',
          actions: { type: 'noteUnwanted', params: true }
        }
      }
    },
    creating,
    refusing: {
      always: [
        { guard: 'isAskedAgain', target: 'creating', actions: 'takeNext' },
        { guard: 'isUnwanted', target: 'leaving' },
        { guard: 'hasFailure', target: 'failed' },
        { target: 'leaving' }
      ]
    },
    configuring,
    reloading,
    connecting,
    disconnecting,
    settling: {
      always: [
        { guard: 'isDoomed', target: 'tearingDown' },
        { guard: 'isTroubled', target: 'degraded' },
        { target: 'up' }
      ]
    },
    up: { on: live.on },
    degraded: {
      on: {
        ...live.on,
        // What is amiss was seen in its netns, so it has one.
        'container.repair': {
          target: 'reloading',
          actions: { type: 'beginReload', params: 'repair' }
        },
        'container.up': {
          guard: { type: 'isSame', params: ({ event }) => event.spec },
          target: 'reloading',
          actions: { type: 'beginReload', params: 'reload' }
        }
      }
    },
    tearingDown,
    leaving: {
      always: [{ guard: 'isKept', target: 'defined' }, { target: 'absent' }]
    },
    failed: {
      on: {
        ...membership.on,
        'container.up': {
          target: 'creating',
          actions: { type: 'keepCandidate', params: ({ event }) => event.spec }
        },
        'container.start': { target: 'creating', actions: 'keepOwn' },
        'container.down': {
          target: 'leaving',
          actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
        }
      }
    },
    stuck: {
      on: {
        'container.retry': 'tearingDown',
        'container.up': {
          target: 'tearingDown',
          actions: { type: 'keepNext', params: ({ event }) => event.spec }
        },
        'container.down': {
          target: 'tearingDown',
          actions: { type: 'noteUnwanted', params: ({ event }) => event.forget === true }
        },
        'container.rebooted': { target: 'tearingDown', actions: 'noteReboot' }
      }
    }
  }
});
