import { createActor } from 'xstate';
import {
  leaseMachine,
  type LeaseEvent,
  type LeaseInput,
  type LeaseRequest,
  type LeaseTimer
} from '../../machines/lease.ts';
import { errorOf, MooringError, type Failure } from '../../model/failure.ts';

/** What a lease asks of the store; the answers are facts of its chart. */
export interface LeasePorts {
  /** Answers `lease.granted`, `lease.taken` or `lease.askFailed`. */
  ask(): Promise<LeaseEvent>;
  leave(): void;
  /** Answers `lease.renewed`, `lease.renewFailed` or `lease.superseded`. */
  renew(): Promise<LeaseEvent>;
  giveBack(): Promise<void>;
}

/** One lease, run by its chart from the question to the end. */
export interface RunningLease {
  /**
   * Its token; `undefined` when another has it and it was asked for once.
   *
   * @throws the failure with which it was refused
   */
  readonly granted: Promise<number | undefined>;
  /** Aborts when it is lost; never by `release`. */
  readonly signal: AbortSignal;
  /**
   * Looks at the clocks: a process that has stalled learns of it here, before any timer fires.
   *
   * @throws MooringError `lease.lost`
   */
  check(): void;
  /** Until then, by both local clocks, nobody else has it. */
  goodUntil(until: Instant): void;
  lost(failure: Failure): void;
  freed(): void;
  withdraw(failure: Failure): void;
  release(): Promise<void>;
}

/** A moment by two clocks: one stands still while the machine is suspended, the other may be set. */
export interface Instant {
  /** `performance.now()` */
  readonly monotonicMs: number;
  /** Milliseconds since the epoch. */
  readonly wallMs: number;
}

export function instantAfter(ms: number): Instant {
  return { monotonicMs: performance.now() + ms, wallMs: Date.now() + ms };
}

/** How long until then, by the clock that says less; 0 when it is past. */
export function msUntil({ monotonicMs, wallMs }: Instant): number {
  return Math.max(0, Math.min(monotonicMs - performance.now(), wallMs - Date.now()));
}

export function runLease(input: LeaseInput, ports: LeasePorts): RunningLease {
  const actor = createActor(leaseMachine, { input });
  const fence = new AbortController();
  const timers = new Map<LeaseTimer, NodeJS.Timeout>();
  const begun = performance.now();
  let until: Instant | undefined;
  let renewedAt = 0;
  let released: (() => void) | undefined;
  actor.on('*', perform);
  const granted = outcome();
  actor.start();

  return {
    granted,
    signal: fence.signal,
    check,
    goodUntil: extend,
    lost: (failure) => send({ type: 'lease.superseded', failure }),
    freed: () => send({ type: 'lease.freed' }),
    withdraw: (failure) => send({ type: 'lease.withdraw', failure }),
    release: () =>
      new Promise((resolve) => {
        released = resolve;
        send({ type: 'lease.release' });
        if (actor.getSnapshot().status === 'done') resolve();
      })
  };

  /** What comes after the end changes nothing any more. */
  function send(event: LeaseEvent): void {
    if (actor.getSnapshot().status === 'active') actor.send(event);
  }

  function outcome(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const { unsubscribe } = actor.subscribe((snapshot) => {
        if (snapshot.matches('held')) resolve(snapshot.context.token!);
        else if (snapshot.matches('taken')) resolve(undefined);
        else if (snapshot.matches('refused')) reject(errorOf(snapshot.context.failure!));
        else return;
        unsubscribe();
      });
    });
  }

  function perform(request: LeaseRequest): void {
    switch (request.type) {
      case 'lease.ask':
        return answer(ports.ask());
      case 'lease.renew':
        return answer(ports.renew());
      case 'lease.leave':
        clearTimers();
        return ports.leave();
      case 'lease.giveBack':
        clearTimers();
        void ports.giveBack().then(settleRelease);
        return;
      case 'lease.fence':
        clearTimers();
        fence.abort(errorOf(request.failure));
        return;
      case 'timer.set':
        return setTimer(request.timer, request.delayMs);
    }
  }

  function answer(fact: Promise<LeaseEvent>): void {
    void fact.then((event) => {
      const isGood = event.type === 'lease.granted' || event.type === 'lease.renewed';
      if (isGood) extend(instantAfter(event.forMs));
      send(event);
    });
  }

  function settleRelease(): void {
    send({ type: 'lease.released' });
    released?.();
  }

  function check(): void {
    if (until !== undefined && msUntil(until) === 0) send({ type: 'timer.margin' });
    if (actor.getSnapshot().matches('held')) return;
    throw fence.signal.reason ?? givenUp(input.key);
  }

  function extend(instant: Instant): void {
    until = instant;
    renewedAt = performance.now();
  }

  function setTimer(timer: LeaseTimer, delayMs: number): void {
    const dueMs = timer === 'patience' ? delayMs - (performance.now() - begun) : delayMs;
    clearTimeout(timers.get(timer));
    const handle = setTimeout(() => fire(timer), Math.max(0, dueMs));
    // Nobody waits for a lease that is held: it keeps no process alive.
    if (timer === 'margin' || timer === 'renewal') handle.unref();
    timers.set(timer, handle);
  }

  // A commit renews too, without the chart being told of each.
  function fire(timer: LeaseTimer): void {
    const laterMs =
      timer === 'margin' && until !== undefined
        ? msUntil(until)
        : timer === 'renewal'
          ? renewedAt + input.renewMs - performance.now()
          : 0;
    if (laterMs > EARLY_MS) setTimer(timer, laterMs);
    else send({ type: `timer.${timer}` });
  }

  function clearTimers(): void {
    for (const handle of timers.values()) clearTimeout(handle);
    timers.clear();
  }
}

/** A timer may fire a little before its time. */
const EARLY_MS = 2;

function givenUp(key: string): MooringError {
  return new MooringError('lease.lost', `the lease on ${key} was given up before`);
}
