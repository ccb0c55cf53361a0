import { MooringError } from '../../model/failure.ts';
import { decodeRecord } from '../record.ts';
import type { Key, Kind, StoredRecord } from '../store.ts';
import type { Connection } from './connection.ts';
import { fieldOf, type HostKeys } from './keys.ts';

/** Entries of a stream: the id, then fields and values in turn. */
export type StreamEntries = readonly (readonly [id: string, fields: readonly string[]])[];

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

export interface StreamRecord {
  readonly id: string;
  readonly record: StoredRecord;
  /** Put back by its host after Redis had lost it. */
  readonly again: boolean;
}

/** @throws MooringError `store.corrupt` naming the entry */
export function recordOf([id, fields]: StreamEntries[number], keys: HostKeys): StreamRecord {
  const valueOf = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
  try {
    const record = decodeRecord(Buffer.from(valueOf('l')), keyIn(valueOf('k')));
    return { id, record, again: fields.includes('again') };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('store.corrupt', `Redis, ${keys.journal} entry ${id}: ${reason}`, {
      cause: error
    });
  }
}

function keyIn(field: string): Key {
  const [kind = '', id = ''] = field.split('/');
  return { kind: kind as Kind, id };
}
