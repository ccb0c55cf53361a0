import { MooringError } from '../model/failure.ts';
import { loss, type Loss } from './loss.ts';
import { allocationsOf, setAllocations } from './memory-allocations.ts';
import { decodeRecord, encodeRecord, journalRecordOf, storedActorOf } from './record.ts';
import { journalExists, keyText, type Commit } from './store.ts';
import type {
  JournalRecord,
  Key,
  Kind,
  Known,
  Lease,
  ListedActor,
  Store,
  StoredActor,
  StoredRecord
} from './store.ts';

/** What several memory stores share when they play several processes of one host. */
export interface MemoryBacking {
  /** Takes a lease away from whoever holds it, who learns of it when it next commits. */
  breakLease(key: Key): void;
  /** @internal */
  readonly state: State;
}

export interface MemoryOptions {
  /** One of its own unless given. */
  readonly backing?: MemoryBacking;
  /** Written to every record; `memory` unless given. */
  readonly host?: string;
  /** Written to every record; `memory` unless given. */
  readonly boot?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export function memoryBacking(): MemoryBacking {
  const state: State = {
    token: 0,
    actors: new Map(),
    ended: new Map(),
    holders: new Map(),
    allocations: new Map(),
    freed: new Set(),
    followers: new Set()
  };
  return { state, breakLease: (key) => free(state, key) };
}

/** Keeps everything in this process, as the text a driver with files would keep. For tests and simulation. */
export function memoryStore(options: MemoryOptions = {}): Store {
  const { state } = options.backing ?? memoryBacking();
  const { host = 'memory', boot = 'memory', now = Date.now } = options;
  const mine = new Map<Lease, Loss>();
  const closing = new AbortController();

  return {
    boot,
    host,

    async acquire(key, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        signal?.throwIfAborted();
        const lease = take(key);
        if (lease !== undefined) return lease;
        const leftMs = deadline - performance.now();
        if (leftMs <= 0) throw timedOut(key, timeoutMs);
        await freedOr(state, leftMs, signal);
      }
    },

    tryAcquire: async (key) => take(key),

    async release(lease) {
      if (mine.delete(lease) && state.holders.get(keyText(lease.key)) === lease) {
        free(state, lease.key);
      }
    },

    load: rest as Store['load'],

    commit: async (lease, commit) => append(lease, commit),

    async forget(lease) {
      expectHeld(lease);
      const text = keyText(lease.key);
      const lines = state.actors.get(text);
      if (lines !== undefined) state.ended.set(text, lines);
      state.actors.delete(text);
      mine.delete(lease);
      free(state, lease.key);
    },

    async list(kind) {
      expectOpen();
      return list(state, kind);
    },

    journal: (key) => journalOf(state, key),
    ended: () => endedOf(state),
    adopt: async (key, lines) => adopt(state, key, lines),

    follow(signal) {
      expectOpen();
      return follow(state, AbortSignal.any([signal, closing.signal]));
    },

    async allocations(kind) {
      expectOpen();
      return allocationsOf(state.allocations, kind);
    },

    async allocate(kind, version, owner, entries) {
      expectOpen();
      return setAllocations(state.allocations, { kind, version, owner, entries });
    },

    async close() {
      closing.abort(new MooringError('store.closed', 'the store is closed'));
      for (const lease of [...mine.keys()]) await this.release(lease);
    }
  };

  async function rest(key: Key, known?: Known): Promise<StoredActor | 'unchanged' | undefined> {
    expectOpen();
    const actor = load(state, key);
    const isKnown = known !== undefined && actor?.seq === known.seq && actor.token === known.token;
    return isKnown ? 'unchanged' : actor;
  }

  function expectOpen(): void {
    closing.signal.throwIfAborted();
  }

  function take(key: Key): Lease | undefined {
    expectOpen();
    const text = keyText(key);
    if (state.holders.has(text)) return undefined;
    const lost = loss();
    state.token += 1;
    const lease: Lease = {
      key,
      token: state.token,
      get signal() {
        return lost.signal;
      },
      onLost: lost.onLost,
      check: () => expectHeld(lease)
    };
    state.holders.set(text, lease);
    mine.set(lease, lost);
    return lease;
  }

  function expectHeld(lease: Lease): void {
    const name = `the lease on ${keyText(lease.key)} (token ${lease.token})`;
    const lost = mine.get(lease);
    if (lost === undefined) throw new MooringError('lease.lost', `${name} was given up before`);
    if (state.holders.get(keyText(lease.key)) === lease) return;
    const error = new MooringError('lease.lost', `${name} was lost`);
    mine.delete(lease);
    lost.tell(error);
    throw error;
  }

  function append(lease: Lease, commit: Commit): number {
    expectHeld(lease);
    const { key, token } = lease;
    const text = keyText(key);
    const lines = state.actors.get(text) ?? [];
    const last = lines.at(-1);
    const { seq, hash } = last ? decodeRecord(last, key) : { seq: 0, hash: '' };
    const at = { seq: seq + 1, time: now(), prev: hash };
    const { line } = encodeRecord({ ...at, host, boot, key: text, token }, commit);
    const kept = Buffer.from(line.subarray(0, -1));
    lines.push(kept);
    state.actors.set(text, lines);
    const record = journalRecordOf(decodeRecord(kept, key));
    for (const follower of state.followers) follower(record);
    return at.time;
  }
}

interface State {
  token: number;
  /** Journal lines without their newline, by {@link keyText}. */
  readonly actors: Map<string, Buffer[]>;
  /** The same of the last life that ended. */
  readonly ended: Map<string, readonly Buffer[]>;
  readonly holders: Map<string, Lease>;
  /** JSON, by kind. */
  readonly allocations: Map<string, string>;
  /** Called when some lease became free. */
  readonly freed: Set<() => void>;
  readonly followers: Set<(record: JournalRecord) => void>;
}

function free(state: State, key: Key): void {
  state.holders.delete(keyText(key));
  for (const wake of [...state.freed]) wake();
}

async function freedOr(state: State, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(wake, timeoutMs);
    state.freed.add(wake);
    signal?.addEventListener('abort', wake);

    function wake(): void {
      clearTimeout(timer);
      state.freed.delete(wake);
      signal?.removeEventListener('abort', wake);
      resolve();
    }
  });
}

function timedOut(key: Key, timeoutMs: number): MooringError {
  return new MooringError(
    'lease.timedOut',
    `${keyText(key)} is in use by this process (${process.pid}), waited ${timeoutMs} ms`
  );
}

function load(state: State, key: Key): StoredActor | undefined {
  const last = state.actors.get(keyText(key))?.at(-1);
  return last && storedActorOf(key, decodeRecord(last, key));
}

function list(state: State, kind: Kind): readonly ListedActor[] {
  return [...state.actors.keys()]
    .filter((text) => text.startsWith(`${kind}/`))
    .sort()
    .flatMap((text) => {
      const key = { kind, id: text.slice(kind.length + 1) };
      const actor = load(state, key);
      return actor ? [{ key, actor }] : [];
    });
}

async function* journalOf(state: State, key: Key): AsyncGenerator<StoredRecord> {
  const text = keyText(key);
  const lines = state.actors.get(text) ?? state.ended.get(text) ?? [];
  for (const line of [...lines]) yield decodeRecord(line, key);
}

async function* endedOf(state: State): AsyncGenerator<JournalRecord> {
  for (const [text, lines] of [...state.ended]) {
    const [kind, id] = text.split('/') as [Kind, string];
    for (const line of lines) yield journalRecordOf(decodeRecord(line, { kind, id }));
  }
}

function adopt(state: State, key: Key, lines: readonly Buffer[]): void {
  const text = keyText(key);
  if (state.actors.has(text) || state.ended.has(text)) throw journalExists(key);
  const kept = lines.map((line) => Buffer.from(line));
  state.ended.set(text, kept);
}

// Registered by the call and not by the first `next`, so that nothing between is missed.
function follow(state: State, signal: AbortSignal): AsyncIterable<JournalRecord> {
  const pending: JournalRecord[] = [];
  let wake: (() => void) | undefined;
  const push = (record: JournalRecord) => {
    pending.push(record);
    wake?.();
  };
  const stop = () => {
    state.followers.delete(push);
    wake?.();
  };
  if (!signal.aborted) state.followers.add(push);
  signal.addEventListener('abort', stop, { once: true });
  return records();

  async function* records(): AsyncGenerator<JournalRecord> {
    try {
      while (!signal.aborted) {
        const record = pending.shift();
        if (record !== undefined) yield record;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stop();
    }
  }
}
