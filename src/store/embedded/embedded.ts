import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { failureOf, MooringError } from '../../model/failure.ts';
import { storedActorOf } from '../record.ts';
import type { Key, Kind, Known, ListedActor, Store, StoredActor } from '../store.ts';
import { readAllocations, replaceAllocations } from './allocations.ts';
import { follow } from './follow.ts';
import { historyOf, type HistoryBound } from './history.ts';
import { adoptJournal } from './imported.ts';
import { endedRecords, journalOf } from './journals.ts';
import { keyOfJournal, type Layout } from './layout.ts';
import { leasesOf, type Leases } from './leases.ts';
import { lockFiles } from './lock.ts';
import { readLast } from './reader.ts';
import { openRoot } from './root.ts';
import type { Site } from './writer.ts';

export interface EmbeddedOptions {
  /** Absolute path of a directory that is this user's alone; made when missing. */
  readonly root: string;
  /** Written to every record; the host name unless given. */
  readonly host?: string;
  /** Written to every record; the kernel's boot id unless given. */
  readonly boot?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** A journal larger than this is continued in a new file; 1 MiB unless given. */
  readonly rotateBytes?: number;
  /** What is kept of ended lives; 1,000 files and 64 MiB unless given. */
  readonly history?: HistoryBound;
}

/**
 * Keeps everything in plain files under one directory, for the processes of one host.
 *
 * A commit is one write to the actor's own journal; whatever happens to a file or
 * to its writer concerns that one actor. It survives the death of any process at
 * any instant; a power failure may cost the last commits of the last seconds.
 *
 * @throws MooringError `store.badRoot`, `store.badFormat`
 */
export async function embeddedStore(options: EmbeddedOptions): Promise<Store> {
  return (await openEmbedded(options)).store;
}

/** An embedded store, and the parts of it that another driver builds on. */
export interface Embedded {
  readonly store: Store;
  readonly leases: Leases;
  readonly layout: Layout;
}

/** @throws MooringError as {@link embeddedStore} */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const [layout, closing] = [openRoot(options.root), new AbortController()];
  const boot = options.boot ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const made = once(() => siteOf(layout, { ...options, boot }));
  const locks = lockFiles();
  const leases = leasesOf(layout, locks, () => {
    expectOpen();
    return made();
  });

  const store: Store = {
    boot,
    host: options.host ?? hostname(),

    acquire: (key, patience) => leases.acquire(key, patience),
    tryAcquire: (key) => leases.tryAcquire(key),

    release: (lease) => leases.release(lease, false),

    load: rest,

    look: async (key) => leases.journal(key)?.standing() ?? rest(key),

    async commit(lease, commit) {
      return leases.held(lease).journal.append(commit);
    },

    async forget(lease) {
      leases.held(lease).journal.end();
      await leases.release(lease, true);
    },

    async list(kind) {
      expectOpen();
      return loadEach(layout, keysIn(layout, kind));
    },

    journal: (key) => journalOf(layout, key),
    ended: () => endedRecords(layout),

    async adopt(key, lines) {
      expectOpen();
      adoptJournal(layout, key, lines);
    },

    follow(signal) {
      expectOpen();
      return follow(layout, AbortSignal.any([signal, closing.signal]));
    },

    async allocations(kind) {
      expectOpen();
      return readAllocations(layout, kind);
    },

    async allocate(kind, version, owner, entries) {
      expectOpen();
      return replaceAllocations({ layout, locks }, { kind, version }, owner, entries);
    },

    async close() {
      closing.abort(closedError());
      await leases.releaseAll();
      locks.close();
    }
  };
  return { store, leases, layout };

  async function rest(key: Key): Promise<StoredActor | undefined>;
  async function rest(
    key: Key,
    known: Known | undefined
  ): Promise<StoredActor | 'unchanged' | undefined>;
  async function rest(key: Key, known?: Known): Promise<StoredActor | 'unchanged' | undefined> {
    expectOpen();
    const journal = leases.of(key)?.journal;
    if (journal === undefined) return load(layout, key);
    if (known !== undefined && journal.endsIn(known)) return 'unchanged';
    const record = journal.last();
    return record && storedActorOf(key, record);
  }

  function expectOpen(): void {
    closing.signal.throwIfAborted();
  }
}

const MIB = 1024 * 1024;

function siteOf(layout: Layout, options: EmbeddedOptions & { readonly boot: string }): Site {
  return {
    layout,
    history: historyOf(layout, options.history ?? { maxFiles: 1000, maxBytes: 64 * MIB }),
    host: options.host ?? hostname(),
    boot: options.boot,
    rotateBytes: options.rotateBytes ?? MIB,
    now: options.now ?? Date.now
  };
}

function load(layout: Layout, key: Key): StoredActor | undefined {
  const record = readLast(layout.journalOf(key), key);
  return record && storedActorOf(key, record);
}

function keysIn({ journals }: Layout, kind: Kind): readonly Key[] {
  return readdirSync(journals)
    .flatMap((name) => keyOfJournal(name) ?? [])
    .filter((key) => key.kind === kind)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

// Reading is synchronous, so a host with thousands of actors gives others their turn.
async function loadEach(layout: Layout, keys: readonly Key[]): Promise<readonly ListedActor[]> {
  const listed: ListedActor[] = [];
  for (const [index, key] of keys.entries()) {
    if (index % 128 === 127) await turn();
    try {
      const actor = load(layout, key);
      if (actor) listed.push({ key, actor });
    } catch (error) {
      listed.push({ key, failure: failureOf(error, 'store') });
    }
  }
  return listed;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function closedError(): MooringError {
  return new MooringError('store.closed', 'the store is closed');
}
