import { MooringError } from '../../model/failure.ts';
import { keyText, type Key } from '../../store/store.ts';
import type { Clock, Owner, Task } from './clock.ts';
import type { Fault } from './plan.ts';
import { drawFor } from './random.ts';
import type { StoreState } from './store-state.ts';

/** How long a lease is good without being renewed. */
export const TTL_MS = 10_000;

/** A host waits no longer for an answer. */
const ANSWER_MS = 100;

/** One server for all hosts, and the ways to it. */
export interface RedisServer {
  readonly state: (host: string) => StoreState;
  /** From now on nothing goes wrong any more. */
  calm(): void;
  /**
   * Asks the server something; what it changes is changed though the answer may not come.
   *
   * @throws MooringError `store.away`, `store.refused`
   */
  ask<Answer>(from: Caller, kind: 'read' | 'write', work: () => Answer): Promise<Answer>;
  grant(host: string, key: Key, holder: string): Grant;
  renew(host: string, key: Key, token: number): boolean;
  free(host: string, key: Key): void;
  /** Calls back when a lease may be free. */
  await(host: string, key: Key, wake: () => void): void;
}

export interface Caller {
  readonly host: string;
  readonly owner: Owner;
  /** Tells one question from another. */
  readonly label: string;
}

export type Grant = { readonly token: number } | { readonly holder: string };

interface Holding {
  readonly token: number;
  readonly holder: string;
  readonly expiry: Task;
}

type Window = Extract<
  Fault,
  { readonly kind: 'storeAway' | 'storeStalled' | 'storeSlow' | 'partition' }
>;
type Write = Extract<Fault, { readonly write: number }>;

const WINDOWS: ReadonlySet<string> = new Set<Window['kind']>([
  'storeAway',
  'storeStalled',
  'storeSlow',
  'partition'
]);

export function newRedisServer(
  clock: Clock,
  states: (host: string) => StoreState,
  options: { readonly seed: number; readonly jitter: number; readonly faults: readonly Fault[] }
): RedisServer {
  const { seed, jitter, faults } = options;
  const holdings = new Map<string, Holding>();
  const waiting = new Map<string, (() => void)[]>();
  const windows = faults.filter((fault): fault is Window => WINDOWS.has(fault.kind));
  const hit = faults.filter((fault): fault is Write => 'write' in fault);
  let [writes, isCalm] = [0, false];

  return {
    state: states,
    calm: () => void (isCalm = true),
    ask,
    grant,
    renew,
    free,
    await: awaitFree
  };

  function ask<Answer>(
    { host, owner, label }: Caller,
    kind: 'read' | 'write',
    work: () => Answer
  ): Promise<Answer> {
    const isWrite = kind === 'write';
    const number = isWrite ? (writes += 1) : 0;
    return new Promise<Answer>((resolve, reject) => {
      let isOver = false;
      const settle = (delayMs: number, tell: () => void): void => {
        clock.at(delayMs, owner, () => {
          if (isOver) return;
          isOver = true;
          patience.cancelled = true;
          tell();
        });
      };
      const away = () => new MooringError('store.away', `the store does not answer (${label})`);
      const patience = clock.at(ANSWER_MS, owner, () => {
        if (isOver) return;
        isOver = true;
        reject(away());
      });
      if (isWindow('storeAway') || isWindow('partition', host)) return;
      const arrive = (): void => {
        const stalledFor = left('storeStalled');
        if (stalledFor > 0) {
          clock.at(stalledFor, undefined, arrive);
          return;
        }
        if (isWindow('storeAway')) return;
        if (isWrite && hits('writeRefused', number)) {
          settle(oneWay(`${label} back`), () => reject(refused(label)));
          return;
        }
        try {
          const answer = work();
          const isLost = (isWrite && hits('answerLost', number)) || isWindow('partition', host);
          if (!isLost) settle(oneWay(`${label} back`), () => resolve(answer));
        } catch (error) {
          // What the server says no to.
          settle(oneWay(`${label} back`), () => reject(error));
        }
      };
      clock.at(oneWay(label), undefined, arrive);
    });
  }

  function oneWay(label: string): number {
    const slow = left('storeSlow') > 0 ? 40 : 1;
    return slow * (0.1 + jitter * 0.4 * drawFor(seed, label));
  }

  function isWindow(kind: Window['kind'], host?: string): boolean {
    if (isCalm || windows.length === 0) return false;
    return windows.some(
      (window) =>
        window.kind === kind &&
        (host === undefined || !('host' in window) || window.host === host) &&
        clock.now >= window.atMs &&
        clock.now < window.atMs + window.forMs
    );
  }

  /** How long a fault goes on from now. */
  function left(kind: Window['kind']): number {
    if (isCalm || windows.length === 0) return 0;
    const ends = windows.map((window) =>
      window.kind === kind && clock.now >= window.atMs ? window.atMs + window.forMs - clock.now : 0
    );
    return Math.max(0, ...ends);
  }

  function hits(kind: Write['kind'], number: number): boolean {
    return (
      !isCalm &&
      hit.length > 0 &&
      hit.some((fault) => fault.kind === kind && fault.write === number)
    );
  }

  function grant(host: string, key: Key, holder: string): Grant {
    const name = nameOf(host, key);
    const held = holdings.get(name);
    if (held !== undefined) return { holder: held.holder };
    const token = states(host).grant(key)!;
    holdings.set(name, { token, holder, expiry: expiryOf(host, key, token) });
    return { token };
  }

  function renew(host: string, key: Key, token: number): boolean {
    const name = nameOf(host, key);
    const held = holdings.get(name);
    if (held?.token !== token) return false;
    held.expiry.cancelled = true;
    holdings.set(name, { ...held, expiry: expiryOf(host, key, token) });
    return true;
  }

  function expiryOf(host: string, key: Key, token: number): Task {
    return clock.at(TTL_MS, undefined, () => {
      if (holdings.get(nameOf(host, key))?.token === token) free(host, key);
    });
  }

  function free(host: string, key: Key): void {
    const name = nameOf(host, key);
    const held = holdings.get(name);
    if (held === undefined) return;
    held.expiry.cancelled = true;
    holdings.delete(name);
    states(host).free(key);
    for (const wake of waiting.get(name) ?? []) wake();
    waiting.delete(name);
  }

  function awaitFree(host: string, key: Key, wake: () => void): void {
    const name = nameOf(host, key);
    if (!holdings.has(name)) {
      wake();
      return;
    }
    waiting.set(name, [...(waiting.get(name) ?? []), wake]);
  }
}

function nameOf(host: string, key: Key): string {
  return `${host} ${keyText(key)}`;
}

function refused(label: string): MooringError {
  return new MooringError('store.refused', `the store refuses to write (${label})`);
}
