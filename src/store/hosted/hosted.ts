import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { Embedded } from '../embedded/embedded.ts';
import { dropActor, writeLine } from '../redis/actors.ts';
import { replaceAllocations } from '../redis/allocations.ts';
import type { Connection } from '../redis/connection.ts';
import { hostKeys } from '../redis/keys.ts';
import type { Granted } from '../redis/leases.ts';
import { registration } from '../redis/presence.ts';
import type { RedisStore } from '../redis/redis.ts';
import {
  keyText,
  type AcquireOptions,
  type Commit,
  type Key,
  type Lease,
  type Store
} from '../store.ts';
import { isAway } from './away.ts';
import { hostedLease, type HostedLease } from './hosted-lease.ts';
import { syncActor } from './sync.ts';
import type { Unsynced } from './unsynced.ts';

export interface HostedParts {
  /** The host's own files. */
  readonly files: Embedded;
  readonly shared: RedisStore;
  readonly connection: Connection;
  readonly unsynced: Unsynced;
}

/**
 * The store of a host that is one of several.
 *
 * Redis says who may work on what, and shows every step to the other hosts. The host's own journal
 * has each step as well before anything is begun: it is what is read here, it is right when Redis
 * has lost something, and by it things are taken away while Redis is not there.
 */
export function hostedStore({ files, shared, connection, unsynced }: HostedParts): Store {
  const { store: own, leases: locks } = files;
  const keys = hostKeys(connection.address.prefix, own.host);
  const held = new Map<Lease, HostedLease>();
  const register = registration(connection, own.host);

  return {
    ...own,
    acquire,

    async tryAcquire(key) {
      try {
        return await take(key, { timeoutMs: 0 }, await shared.leases.acquire(keys, key, asking(0)));
      } catch (error) {
        // Who only looks whether somebody is at it is not kept from what else there is to see.
        if (isAway(error) || isCode(error, 'lease.timedOut')) return undefined;
        throw error;
      }
    },

    release,
    commit,

    async forget(lease) {
      const found = heldOf(lease);
      await orAlone(found, async (granted) => {
        await dropActor(connection, granted);
        await shared.leases.release(granted.lease);
      });
      if (found.granted() === undefined) unsynced.note(lease.key);
      locks.held(found.local).journal.end();
      await locks.release(found.local, true);
      held.delete(lease);
    },

    async allocate(kind, version, owner, entries) {
      const isDone = await own.allocate(kind, version, owner, entries);
      if (isDone) await showAllocations(kind, owner, entries);
      return isDone;
    },

    async close() {
      await Promise.all([...held.keys()].map(release));
      await own.close();
      await shared.close();
    }
  };

  async function acquire(key: Key, options: AcquireOptions): Promise<Lease> {
    const { timeoutMs, signal, removing = false } = options;
    const begun = performance.now();
    const granted = await orNone(removing, () =>
      shared.leases.acquire(keys, key, asking(Math.max(1, timeoutMs), signal))
    );
    const leftMs = Math.max(1, timeoutMs - (performance.now() - begun));
    return (await take(key, { ...options, timeoutMs: leftMs }, granted))!;
  }

  async function release(lease: Lease): Promise<void> {
    const found = held.get(lease);
    if (found === undefined) return;
    held.delete(lease);
    // The next process of this host is told by Redis, and must find the lock free then.
    await locks.release(found.local, false);
    const granted = found.granted();
    if (granted !== undefined) await shared.leases.release(granted.lease);
  }

  function asking(timeoutMs: number, signal?: AbortSignal) {
    return { timeoutMs, signal, above: locks.lastToken() };
  }

  /** @param granted by Redis, and given back when the rest can't be had */
  async function take(
    key: Key,
    { timeoutMs, signal, removing = false }: AcquireOptions,
    granted: Granted | undefined
  ): Promise<Lease | undefined> {
    if (granted === undefined && !removing) return undefined;
    let local: Lease | undefined;
    try {
      local = await locks.acquire(key, { timeoutMs, signal }, granted?.lease.token);
      const found = hostedLease(local, granted, removing, ({ lease }) => {
        void shared.leases.release(lease);
      });
      await orAlone(found, (given) => bringTogether(found, given));
      if (granted !== undefined) register();
      held.set(found.lease, found);
      return found.lease;
    } catch (error) {
      if (local !== undefined) await locks.release(local, false);
      if (granted !== undefined) await shared.leases.release(granted.lease);
      throw error;
    }
  }

  async function bringTogether({ lease, local }: HostedLease, granted: Granted): Promise<void> {
    const { key, removing = false } = lease;
    if (granted.taken !== '' && !removing) throw takenOver(key, granted.taken);
    await syncActor(connection, granted, locks.held(local).journal, unsynced.has(key));
    unsynced.clear(key);
  }

  async function commit(lease: Lease, step: Commit): Promise<number> {
    const found = heldOf(lease);
    const { journal } = locks.held(found.local);
    lease.check();
    const line = journal.prepare(step);
    await orAlone(found, async (granted) => {
      const { hash, seq, prev } = line;
      const text = line.line.toString('utf8', 0, line.line.length - 1);
      await writeLine(connection, granted, { text, hash, seq, prev });
    });
    // The answer may have come after a stall: whoever came then has gone on without this line.
    lease.check();
    if (found.granted() === undefined) unsynced.note(lease.key);
    journal.write(line);
    return line.time;
  }

  /** Other hosts may see it, and need not. */
  async function showAllocations(kind: string, owner: string, entries: readonly Json[]) {
    try {
      await replaceAllocations(connection, keys, { kind }, { owner, entries });
    } catch (error) {
      if (!isAway(error)) throw error;
      unsynced.noteAllocations(kind);
    }
  }

  /** Does something in Redis; a lease for removing goes on alone where that fails. */
  async function orAlone(
    { lease, granted, goAlone }: HostedLease,
    work: (granted: Granted) => Promise<void>
  ): Promise<void> {
    const given = granted();
    if (given === undefined) return;
    try {
      await work(given);
    } catch (error) {
      const isLost = isAway(error) || isCode(error, 'lease.lost');
      if (!lease.removing || !isLost) throw error;
      goAlone();
    }
  }

  function heldOf(lease: Lease): HostedLease {
    const found = held.get(lease);
    if (found !== undefined) return found;
    throw new MooringError(
      'lease.lost',
      `the lease on ${keyText(lease.key)} (token ${lease.token}) was given up before`
    );
  }
}

async function orNone<T>(
  removing: boolean,
  ask: () => Promise<T | undefined>
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (removing && isAway(error)) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MooringError && error.code === code;
}

/** @param taken JSON, as whoever took it over wrote it */
function takenOver(key: Key, taken: string): MooringError {
  const by = /"host":"([^"]*)"/.exec(taken)?.[1] ?? 'another host';
  return new MooringError(
    'container.takenOver',
    `${key.kind} ${key.id} was taken over by host ${by}; take it down here`
  );
}
