import { assign, emit, setup } from 'xstate';
import type { UplinkEvent } from '../bus/outside-events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { PortMapping } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import { forwardsOf, type UplinkPlan, type UplinkProcess } from '../model/uplink.ts';
import {
  initialUplink,
  isSamePlan,
  START_ATTEMPTS,
  START_BACKOFF_MS,
  STEADY_MS,
  withForwards,
  withoutChange,
  type UplinkContext,
  type UplinkInput
} from './uplink-context.ts';

/**
 * A program that connects a netns with the host's network, slirp4netns or pasta, and its ports.
 *
 * One that is lost is started again in the same netns, with the same addresses and ports: at once,
 * then after pauses that grow. One that will not stay is `down`, and is tried again when it is
 * next asked for.
 */
export const uplinkMachine = setup({
  types: {
    input: {} as UplinkInput,
    context: {} as UplinkContext,
    events: {} as UplinkEvent,
    emitted: {} as EffectRequest,
    tags: {} as 'busy'
  },
  guards: {
    isWell: ({ context }, hold: { readonly plan: UplinkPlan; readonly again: boolean }) =>
      isSamePlan(context, hold.plan) && !hold.again,
    isOurs: ({ context: { process } }, lost: UplinkProcess | null) =>
      lost === null || (process?.pid === lost.pid && process.startTime === lost.startTime),
    mayTryAgain: ({ context }) => context.attempts < START_ATTEMPTS,
    isFirst: ({ context }) => context.attempts === 0,
    isNothing: (_, forwards: readonly PortMapping[]) => forwards.length === 0
  },
  actions: {
    start: emit(({ context: { uplink, plan, forwards } }) => ({
      type: 'uplink.start',
      uplink,
      plan: plan!,
      forwards: forwardsOf(forwards)
    })),
    settle: emit(({ context: { uplink, plan, process, forwards } }) => ({
      type: 'uplink.settle',
      uplink,
      plan: plan!,
      process: process!,
      forwards: forwardsOf(forwards)
    })),
    stop: emit(({ context: { uplink, process } }) => ({ type: 'uplink.stop', uplink, process })),
    setBackoff: emit(({ context: { uplink, attempts } }) => ({
      type: 'timer.set',
      container: uplink,
      timer: 'backoff',
      delayMs: START_BACKOFF_MS * 2 ** (attempts - 1)
    })),

    keepPlan: assign({ plan: (_, plan: UplinkPlan) => plan, attempts: 0, failure: null }),
    keepForwards: assign(
      (
        { context },
        given: { readonly holder: string; readonly forwards: readonly PortMapping[] }
      ) => ({ ...withForwards(context, given.holder, given.forwards), failure: null })
    ),
    revertForwards: assign(({ context }) => withoutChange(context)),
    keepProcess: assign({ process: (_, process: UplinkProcess) => process }),
    dropProcess: assign({ process: null }),
    // A run that was long says that there is nothing wrong with starting it.
    noteLoss: assign(({ context }, ranMs: number) => ({
      process: null,
      attempts: ranMs >= STEADY_MS ? 0 : context.attempts + 1
    })),
    noteAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    beginAgain: assign({ attempts: 0, failure: null }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    dropFailure: assign({ failure: null }),
    dropAll: assign({ ...initialUplink })
  }
}).createMachine({
  id: 'uplink',
  context: ({ input }) => ({ ...input, ...initialUplink }),
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
