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

/** The words of the `uplink` chart. */
export const uplinkSetup = setup({
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
});
