import { journalRecordOf } from '../record.ts';
import type { JournalRecord, Key, StoredRecord } from '../store.ts';
import type { Connection } from './connection.ts';
import { fieldOf, type HostKeys } from './keys.ts';
import { newestOnly } from './newest.ts';
import { entriesAfter, FIRST_ID, isBefore, keyIn, recordOf, type StreamRecord } from './stream.ts';

/** Most records that are asked for at once. */
const BATCH = 64;

/**
 * The records of an actor that the host's stream still has, or of its last life.
 *
 * @throws MooringError `store.corrupt`
 */
export async function* journalOf(
  connection: Connection,
  keys: HostKeys,
  key: Key
): AsyncGenerator<StoredRecord> {
  const field = fieldOf(key);
  const doing = `reading the journal of ${field}`;
  const [ids, past] = await Promise.all(
    [keys.log(key), keys.past(key)].map((list) =>
      connection.call((client) => client.lrange(list, 0, -1), { doing })
    )
  );
  const all = ids!.length > 0 ? ids! : past!;
  for (let start = 0; start < all.length; start += BATCH) {
    const entries = await Promise.all(
      all
        .slice(start, start + BATCH)
        .map((id) => connection.call((client) => client.xrange(keys.journal, id, id), { doing }))
    );
    for (const [entry] of entries) {
      // Trimmed: the oldest go first.
      if (entry !== undefined) yield recordOf(entry, keys).record;
    }
  }
}

/**
 * Records of lives that have ended, as far as the host's stream still has them.
 *
 * @throws MooringError `store.corrupt`
 */
export async function* endedRecords(
  connection: Connection,
  keys: HostKeys
): AsyncGenerator<JournalRecord> {
  /** Where the life begins that goes on, by actor. */
  const begins = new Map<string, string | undefined>();
  for await (const { id, record } of allRecords(connection, keys)) {
    const { key } = record;
    if (!begins.has(key)) begins.set(key, await beginOf(connection, keys.log(keyIn(key))));
    const begin = begins.get(key);
    if (begin === undefined || isBefore(id, begin)) yield journalRecordOf(record);
  }
}

/** All that the host's stream still has, each record once: what was put back may be there twice. */
async function* allRecords(connection: Connection, keys: HostKeys): AsyncGenerator<StreamRecord> {
  const isNew = newestOnly(0, Infinity);
  let last = FIRST_ID;
  for (;;) {
    const entries = await entriesAfter(connection, keys, last);
    if (entries.length === 0) return;
    for (const entry of entries) {
      const found = recordOf(entry, keys);
      last = found.id;
      if (isNew(found)) yield found;
    }
  }
}

async function beginOf(connection: Connection, log: string): Promise<string | undefined> {
  const [first] = await connection.call((client) => client.lrange(log, 0, 0), {
    doing: `reading ${log}`
  });
  return first;
}
