import { MooringError } from '../../model/failure.ts';
import {
  keyText,
  type Key,
  type Known,
  type Lease,
  type Store,
  type StoredActor
} from '../../store/store.ts';
import { NEVER } from './clock.ts';
import { lost, type StoreState } from './store-state.ts';
import type { Site } from './world.ts';

/** What the processes of one host share when their store is files: leases are locks of the kernel. */
export interface LockTable {
  readonly state: StoreState;
  /** Holder by key. */
  readonly holders: Map<string, { readonly site: Site; readonly lease: Lease }>;
  /** Called when some lease is free, in the order they came. */
  readonly waiting: Map<string, (() => void)[]>;
}

export function newLockTable(state: StoreState): LockTable {
  return { state, holders: new Map(), waiting: new Map() };
}

/** Frees what a dead process held, as its kernel does. */
export function releaseDead({ holders, ...table }: LockTable, site: Site): void {
  for (const { site: holder, lease } of [...holders.values()]) {
    if (holder === site) freeLock({ holders, ...table }, lease.key);
  }
}

/** The store of a process that keeps files: a write is done at once or not at all. */
export function embeddedModel(site: Site, table: LockTable): Store {
  const { host, owner } = site;
  const { state, holders } = table;

  return {
    boot: host.boot,
    host: host.name,

    async acquire(key, { timeoutMs, signal }) {
      for (;;) {
        if (owner.state === 'dead') return NEVER;
        signal?.throwIfAborted();
        const lease = take(key);
        if (lease !== undefined) return lease;
        await freedOr(key, timeoutMs);
      }
    },

    tryAcquire: (key) => alive(() => take(key)),

    release: (lease) =>
      dies('release', lease.key, () => {
        if (state.holds(lease.key, lease.token)) freeLock(table, lease.key);
      }),

    load: rest,

    commit: (lease, commit) =>
      dies(`commit ${commit.event.type}`, lease.key, () => {
        if (host.clock.now < host.diskFullUntil) {
          throw new MooringError('store.full', `writing ${keyText(lease.key)}: no room left`);
        }
        const time = Math.round(host.clock.now) + host.skewMs;
        state.commit(lease.key, lease.token, commit, { host: host.name, boot: host.boot, time });
        return time;
      }),

    forget: (lease) =>
      dies('forget', lease.key, () => {
        state.forget(lease.key, lease.token);
        freeLock(table, lease.key);
      }),

    list: (kind) => alive(() => state.list(kind)),
    journal: () => nothing(),
    follow: () => nothing(),
    allocations: (kind) => alive(() => state.allocations(kind)),
    allocate: (kind, version, holder, entries) =>
      alive(() => state.allocate(kind, version, holder, entries)),
    close: () => alive(() => undefined)
  };

  async function rest(key: Key): Promise<StoredActor | undefined>;
  async function rest(
    key: Key,
    known: Known | undefined
  ): Promise<StoredActor | 'unchanged' | undefined>;
  async function rest(key: Key, known?: Known): Promise<StoredActor | 'unchanged' | undefined> {
    if (owner.state === 'dead') return NEVER;
    const actor = state.load(key);
    const isKnown = known !== undefined && actor?.seq === known.seq && actor.token === known.token;
    return isKnown ? 'unchanged' : actor;
  }

  async function alive<Result>(work: () => Result): Promise<Result> {
    return owner.state === 'dead' ? NEVER : work();
  }

  /** What others see, with a point before and one after it. */
  async function dies<Result>(what: string, key: Key, work: () => Result): Promise<Result> {
    const name = keyText(key);
    if (owner.state === 'dead' || site.reach('before', what, name)) return NEVER;
    const result = work();
    return site.reach('after', what, name) ? NEVER : result;
  }

  function take(key: Key): Lease | undefined {
    const token = state.grant(key);
    if (token === undefined) return undefined;
    const lease = leaseOf(key, token, () => state.holds(key, token));
    holders.set(keyText(key), { site, lease });
    return lease;
  }

  async function freedOr(key: Key, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = host.clock.at(timeoutMs, owner, () => {
        reject(
          new MooringError('lease.timedOut', `${keyText(key)} is in use, waited ${timeoutMs} ms`)
        );
      });
      waitFor(table, key, () => {
        timer.cancelled = true;
        host.clock.at(0, owner, resolve);
      });
    });
  }
}

/** A lease whose signal nobody needs: it is only lost by one who is dead. */
function leaseOf(key: Key, token: number, isHeld: () => boolean): Lease {
  const lease = {
    key,
    token,
    get signal() {
      return new AbortController().signal;
    },
    onLost: () => undefined,
    check: () => {
      if (!isHeld()) throw lost(key, token);
    }
  };
  return lease;
}

function waitFor({ waiting }: LockTable, key: Key, wake: () => void): void {
  const text = keyText(key);
  const queue = waiting.get(text) ?? [];
  queue.push(wake);
  waiting.set(text, queue);
}

function freeLock({ state, holders, waiting }: LockTable, key: Key): void {
  const text = keyText(key);
  state.free(key);
  holders.delete(text);
  for (const wake of waiting.get(text) ?? []) wake();
  waiting.delete(text);
}

async function* nothing(): AsyncGenerator<never> {
  // What is told of a simulated store is told by the run.
}
