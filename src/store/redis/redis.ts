import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { MooringError } from '../../model/failure.ts';
import type { Commit, Key, Known, Lease, Store, StoredActor } from '../store.ts';
import { dropActor, nextLine, readHead, writeLine } from './actors.ts';
import { replaceAllocations } from './allocations.ts';
import type { Connection } from './connection.ts';
import { actorOf, type Head } from './head.ts';
import { thisProcess } from './holder.ts';
import { hostKeys } from './keys.ts';
import { leasesOf, type Leases } from './leases.ts';
import { registration } from './presence.ts';
import { hostReader } from './reader.ts';
import { wakesOf } from './wakes.ts';

export interface RedisOptions {
  /** Stays open when the store is closed. */
  readonly connection: Connection;
  /** Whose actors these are; the host name unless given. */
  readonly host?: string;
  /** Written to every record; the kernel's boot id unless given. */
  readonly boot?: string;
  /** Tells the host from another of the same name, which is refused. `''`, as of a visitor: it is not asked. */
  readonly root?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The parts that other drivers build on. */
export interface RedisStore extends Store {
  readonly leases: Leases;
}

/** Keeps the actors of one host in Redis, for the processes of any. */
export function redisStore(options: RedisOptions): RedisStore {
  const { connection, now = Date.now, root = '' } = options;
  const boot = options.boot ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const keys = hostKeys(connection.address.prefix, options.host ?? hostname());
  const { host } = keys;
  const self = thisProcess(host, boot);
  const leases = leasesOf({ connection, wakes: wakesOf(connection), self, root });
  const closing = new AbortController();
  const register = registration(connection, host);

  return {
    ...hostReader(connection, keys, closing.signal),
    boot,
    host,
    leases,

    async acquire(key, { timeoutMs, signal }) {
      expectOpen();
      register();
      // Asking once would not tell who has it after so short a wait.
      const granted = await leases.acquire(keys, key, {
        timeoutMs: Math.max(1, timeoutMs),
        signal
      });
      return kept(granted!.lease);
    },

    async tryAcquire(key) {
      expectOpen();
      register();
      const granted = await leases.acquire(keys, key, { timeoutMs: 0 });
      return granted && kept(granted.lease);
    },

    release: (lease) => leases.release(lease),

    load: rest,

    commit: write,

    async forget(lease) {
      await dropActor(connection, leases.held(lease));
      await leases.release(lease);
    },

    async allocate(kind, version, owner, entries) {
      expectOpen();
      return replaceAllocations(connection, keys, { kind, version }, { owner, entries });
    },

    async close() {
      closing.abort(new MooringError('store.closed', 'the store is closed'));
      await leases.releaseAll();
    }
  };

  async function rest(key: Key): Promise<StoredActor | undefined>;
  async function rest(
    key: Key,
    known: Known | undefined
  ): Promise<StoredActor | 'unchanged' | undefined>;
  async function rest(key: Key, known?: Known): Promise<StoredActor | 'unchanged' | undefined> {
    expectOpen();
    const head = leases.of(keys, key)?.head ?? (await readHead(connection, keys, key));
    if (known !== undefined && isLast(known, head)) return 'unchanged';
    return head.line === '' ? undefined : actorOf(head.line, key);
  }

  async function write(lease: Lease, commit: Commit): Promise<number> {
    const granted = leases.held(lease);
    const head = granted.head ?? (await readHead(connection, keys, lease.key));
    // Nothing is known of it until there is an answer.
    granted.head = undefined;
    const time = now();
    const line = nextLine(head, { lease, time, host, boot }, commit);
    await writeLine(connection, granted, line);
    const { seq, hash, text } = line;
    granted.head = { seq, token: lease.token, hash, line: text };
    return time;
  }

  /** Closed while it was asked for: nobody would give it back. */
  async function kept(lease: Lease): Promise<Lease> {
    if (closing.signal.aborted) await leases.release(lease);
    expectOpen();
    return lease;
  }

  function expectOpen(): void {
    closing.signal.throwIfAborted();
  }
}

function isLast(known: Known, { seq, token }: Head): boolean {
  return seq === known.seq && token === known.token;
}
