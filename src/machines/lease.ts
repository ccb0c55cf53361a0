import { assign, emit, setup } from 'xstate';
import type { Failure } from '../model/failure.ts';

export interface LeaseInput {
  /** `container/web` */
  readonly key: string;
  /** How long to wait for it. */
  readonly timeoutMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
}

export interface LeaseContext extends LeaseInput {
  /** Fencing token, once it is granted. */
  readonly token: number | null;
  /** Who had it when it was last asked for, in words. */
  readonly holder: string | null;
  /** For how long the last answer is good: to ask again then, or to act no longer. */
  readonly forMs: number;
  /** Whether a notice came that was not followed yet. */
  readonly freed: boolean;
  /** Why it was not granted, or why it is lost. */
  readonly failure: Failure | null;
}

/** Facts about a lease, and what its user wants. */
export type LeaseEvent =
  /** For `forMs` from now nobody else is given it, whatever happens. */
  | { readonly type: 'lease.granted'; readonly token: number; readonly forMs: number }
  /** After `forMs` it is worth asking again, should no notice come; `queued`: there will be one. */
  | {
      readonly type: 'lease.taken';
      readonly holder: string;
      readonly forMs: number;
      readonly queued: boolean;
    }
  | { readonly type: 'lease.askFailed'; readonly failure: Failure }
  /** A notice: it may be free. */
  | { readonly type: 'lease.freed' }
  /** Whoever waits for it does so no longer. */
  | { readonly type: 'lease.withdraw'; readonly failure: Failure }
  | { readonly type: 'lease.renewed'; readonly forMs: number }
  | { readonly type: 'lease.renewFailed' }
  /** The store says that it is another's, or nobody's. */
  | { readonly type: 'lease.superseded'; readonly failure: Failure }
  | { readonly type: 'lease.release' }
  | { readonly type: 'lease.released' }
  | { readonly type: `timer.${LeaseTimer}` };

/** Set anew, the earlier one of the same name is void. `patience` counts from the first question. */
export type LeaseTimer = 'patience' | 'retry' | 'renewal' | 'margin';

/** What the driver does for a lease. */
export type LeaseRequest =
  | { readonly type: 'lease.ask' }
  /** Out of the queue; and given back, if the last question was answered too late. */
  | { readonly type: 'lease.leave' }
  | { readonly type: 'lease.renew' }
  | { readonly type: 'lease.giveBack' }
  /** Nothing more is begun under it, and what runs is ended. */
  | { readonly type: 'lease.fence'; readonly failure: Failure }
  | { readonly type: 'timer.set'; readonly timer: LeaseTimer; readonly delayMs: number };

/**
 * One lease of a store whose holders may stall or be cut off, from the question to the end.
 *
 * Its time is counted twice: the store counts from when it granted or renewed, the holder from
 * before it asked, less a margin. So the holder has stopped before anybody else can begin.
 */
export const leaseMachine = setup({
  types: {
    input: {} as LeaseInput,
    context: {} as LeaseContext,
    events: {} as LeaseEvent,
    emitted: {} as LeaseRequest,
    tags: {} as 'busy'
  },
  guards: {
    wasFreed: ({ context }) => context.freed,
    isQueued: (_, queued: boolean) => queued
  },
  actions: {
    ask: emit({ type: 'lease.ask' }),
    leave: emit({ type: 'lease.leave' }),
    renew: emit({ type: 'lease.renew' }),
    giveBack: emit({ type: 'lease.giveBack' }),
    fence: emit(({ context }) => ({ type: 'lease.fence', failure: context.failure! })),
    setPatience: emit(({ context }) => timerSet('patience', context.timeoutMs)),
    setRetry: emit(({ context }) => timerSet('retry', context.forMs)),
    setRenewal: emit(({ context }) => timerSet('renewal', context.renewMs)),
    setMargin: emit(({ context }) => timerSet('margin', context.forMs)),

    keepToken: assign({ token: (_, token: number) => token }),
    keepHolder: assign({ holder: (_, holder: string) => holder }),
    keepTime: assign({ forMs: (_, forMs: number) => forMs }),
    keepFailure: assign({ failure: (_, failure: Failure) => failure }),
    noteFreed: assign({ freed: true }),
    dropFreed: assign({ freed: false }),
    noteTimedOut: assign(({ context: { key, holder, timeoutMs } }) => ({
      failure: {
        code: 'lease.timedOut',
        message: `${key} is in use by ${holder!}, waited ${timeoutMs} ms`
      }
    })),
    noteOverdue: assign(({ context: { key, token } }) => ({
      failure: {
        code: 'lease.lost',
        message: `the lease on ${key} (token ${token!}) was lost: it was not renewed in time`
      }
    }))
  }
}).createMachine({
  id: 'lease',
  context: ({ input }) => ({
    ...input,
    token: null,
    holder: null,
    forMs: 0,
    freed: false,
    failure: null
  }),
  initial: 'asking',
  states: {
    asking: {
      tags: 'busy',
      entry: ['dropFreed', 'ask'],
      on: {
        'lease.granted': {
          target: 'held',
          actions: [
            { type: 'keepToken', params: ({ event }) => event.token },
            { type: 'keepTime', params: ({ event }) => event.forMs }
          ]
        },
        'lease.taken': [
          // The notice overtook the answer: whoever had it then has it no longer.
          { guard: 'wasFreed', target: 'asking', reenter: true },
          {
            guard: { type: 'isQueued', params: ({ event }) => event.queued },
            target: 'queued',
            actions: [
              { type: 'keepHolder', params: ({ event }) => event.holder },
              { type: 'keepTime', params: ({ event }) => event.forMs }
            ]
          },
          { target: 'taken' }
        ],
        'lease.freed': { actions: 'noteFreed' },
        'lease.askFailed': {
          target: 'refused',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        },
        'lease.withdraw': {
          target: 'refused',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    queued: {
      entry: ['setRetry', 'setPatience'],
      on: {
        'lease.freed': 'asking',
        'timer.retry': 'asking',
        'timer.patience': { target: 'refused', actions: 'noteTimedOut' },
        'lease.withdraw': {
          target: 'refused',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        }
      }
    },
    held: {
      initial: 'fresh',
      on: {
        // A commit renews as well, and may be quicker.
        'lease.renewed': {
          target: '.fresh',
          actions: { type: 'keepTime', params: ({ event }) => event.forMs }
        },
        'timer.margin': { target: 'lost', actions: 'noteOverdue' },
        'lease.superseded': {
          target: 'lost',
          actions: { type: 'keepFailure', params: ({ event }) => event.failure }
        },
        'lease.release': 'releasing'
      },
      states: {
        fresh: { entry: ['setMargin', 'setRenewal'], on: { 'timer.renewal': 'renewing' } },
        renewing: { tags: 'busy', entry: 'renew', on: { 'lease.renewFailed': 'unrenewed' } },
        unrenewed: { entry: 'setRenewal', on: { 'timer.renewal': 'renewing' } }
      }
    },
    releasing: {
      tags: 'busy',
      entry: 'giveBack',
      on: { 'lease.released': 'released' }
    },
    taken: { type: 'final' },
    refused: { type: 'final', entry: 'leave' },
    released: { type: 'final' },
    lost: { type: 'final', entry: 'fence' }
  }
});

function timerSet(timer: LeaseTimer, delayMs: number): LeaseRequest {
  return { type: 'timer.set', timer, delayMs };
}
