import type { JournalExport } from './api.ts';
import { KINDS } from './actors/machines.ts';
import { exportedLines } from './journal/export.ts';
import { importJournals, keyFrom } from './journal/import.ts';
import { fileSource } from './journal/read.ts';
import { MooringError } from './model/failure.ts';
import { journalRecordOf } from './store/record.ts';
import type { JournalRecord, Key, Kind, Store, StoredRecord } from './store/store.ts';
import { containerKey } from './container-rest.ts';

/** What is read of a store: this host's, or what another has recorded. */
export type Journals = Pick<Store, 'journal' | 'list' | 'follow' | 'ended'>;

/** The journal of a container, from its first record to its last. */
export async function* journalOf(
  store: Pick<Journals, 'journal'>,
  id: string
): AsyncIterable<JournalRecord> {
  let found = false;
  for await (const record of store.journal(containerKey(id))) {
    found = true;
    yield journalRecordOf(record);
  }
  if (!found) throw unknown(id);
}

/** The lines of one file with the journals of containers and of what is theirs alone. */
export async function* exportOf(
  store: Journals,
  { containers, redact = false }: JournalExport
): AsyncIterable<string> {
  const keys = containers === 'all' ? await allKeys(store) : await keysOf(store, containers);
  yield* exportedLines(
    keys.map((key) => store.journal(key)),
    { redact }
  );
}

export function importFrom(store: Store, path: string): Promise<readonly string[]> {
  return importJournals(store, fileSource(path), (text) => keyFrom(text, KINDS));
}

/** Whether an actor of the kind belongs to the container whose id it has, and to no other. */
const OF_CONTAINER: Readonly<Record<Kind, boolean>> = {
  container: true,
  namespace: true,
  network: false,
  uplink: true,
  forwarder: true,
  rootlessNetns: false
};

async function allKeys(store: Journals): Promise<readonly Key[]> {
  const listed = await Promise.all(KINDS.map((kind) => store.list(kind)));
  return listed.flat().map(({ key }) => key);
}

async function keysOf(store: Journals, containers: readonly string[]): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for (const id of new Set(containers)) {
    const container = await spanOf(store.journal(containerKey(id)));
    if (container === undefined) throw unknown(id);
    keys.push(containerKey(id));
    for (const kind of KINDS.filter((other) => other !== 'container' && OF_CONTAINER[other])) {
      const own = await spanOf(store.journal({ kind, id }));
      // What ended before this life began was of an earlier one.
      if (own && own.end >= container.begin) keys.push({ kind, id });
    }
  }
  return keys;
}

async function spanOf(
  records: AsyncIterable<StoredRecord>
): Promise<{ readonly begin: number; readonly end: number } | undefined> {
  let span: { begin: number; end: number } | undefined;
  for await (const { time } of records) span = { begin: span?.begin ?? time, end: time };
  return span;
}

function unknown(id: string): MooringError {
  return new MooringError('container.notFound', `no journal of a container named ${id}`);
}

/**
 * What is in the journals, of what is there now and of lives that have ended, by time;
 * or what is committed from now on.
 */
export async function* eventsOf(
  store: Journals,
  { follow, signal }: { readonly follow: boolean; readonly signal?: AbortSignal }
): AsyncIterable<JournalRecord> {
  if (follow) {
    yield* store.follow(signal ?? new AbortController().signal);
    return;
  }
  const records = new Map<string, JournalRecord>();
  for await (const record of kept(store)) {
    signal?.throwIfAborted();
    // What ends, or goes on in a new file, while we read is found twice.
    records.set(`${record.key} ${record.token} ${record.seq}`, record);
  }
  yield* [...records.values()].sort(byTime);
}

// Those that have ended come last: what ends meanwhile is among them.
async function* kept(store: Journals): AsyncIterable<JournalRecord> {
  for (const key of await allKeys(store)) {
    for await (const record of store.journal(key)) yield journalRecordOf(record);
  }
  if (store.ended) yield* store.ended();
}

// Tokens tell the lives of one key apart that began and ended within a millisecond.
function byTime(a: JournalRecord, b: JournalRecord): number {
  return a.time - b.time || a.key.localeCompare(b.key) || a.token - b.token || a.seq - b.seq;
}
