import { MooringError } from './model/failure.ts';
import { journalRecordOf } from './store/record.ts';
import type { JournalRecord, Store } from './store/store.ts';
import { containerKey } from './container-rest.ts';

/** The journal of a container, from its first record to its last. */
export async function* journalOf(store: Store, id: string): AsyncIterable<JournalRecord> {
  let found = false;
  for await (const record of store.journal(containerKey(id))) {
    found = true;
    yield journalRecordOf(record);
  }
  if (!found) throw new MooringError('container.notFound', `no journal of a container named ${id}`);
}

/** What is in the journals of everything that is there now, by time; or what is committed from now on. */
export async function* eventsOf(
  store: Store,
  { follow, signal }: { readonly follow: boolean; readonly signal?: AbortSignal }
): AsyncIterable<JournalRecord> {
  if (follow) {
    yield* store.follow(signal ?? new AbortController().signal);
    return;
  }
  const records: JournalRecord[] = [];
  for (const kind of ['container', 'namespace', 'network'] as const) {
    for (const { key } of await store.list(kind)) {
      signal?.throwIfAborted();
      for await (const record of store.journal(key)) records.push(journalRecordOf(record));
    }
  }
  records.sort(byTime);
  yield* records;
}

function byTime(a: JournalRecord, b: JournalRecord): number {
  return a.time - b.time || a.key.localeCompare(b.key) || a.seq - b.seq;
}
