import { MooringError } from '../../model/failure.ts';
import { decodeRecord } from '../record.ts';
import type { Key, Kind, StoredRecord } from '../store.ts';
import type { Connection } from './connection.ts';
import type { HostKeys } from './keys.ts';

/** Entries of a stream: the id, then fields and values in turn. */
export type StreamEntries = readonly (readonly [id: string, fields: readonly string[]])[];

export interface StreamRecord {
  readonly id: string;
  readonly record: StoredRecord;
  /** Put back by its host after Redis had lost it. */
  readonly again: boolean;
}

/** Comes before every id. */
export const FIRST_ID = '0-0';

/** Most records that are read at once. */
const BATCH = 256;

/** The next entries of a host's stream. */
export function entriesAfter(
  connection: Connection,
  keys: HostKeys,
  last: string
): Promise<StreamEntries> {
  return connection.call((client) => client.xrange(keys.journal, `(${last}`, '+', 'COUNT', BATCH), {
    doing: `reading the journal of ${keys.host}`
  });
}

export async function lastId(connection: Connection, keys: HostKeys): Promise<string> {
  const [entry] = await connection.call(
    (client) => client.xrevrange(keys.journal, '+', '-', 'COUNT', 1),
    { doing: `reading the journal of ${keys.host}` }
  );
  return entry?.[0] ?? FIRST_ID;
}

/** Ids are `milliseconds-number`. */
export function isBefore(one: string, other: string): boolean {
  const [[ms = 0, count = 0], [otherMs = 0, otherCount = 0]] = [one, other].map((id) =>
    id.split('-').map(Number)
  ) as [number[], number[]];
  return ms < otherMs || (ms === otherMs && count < otherCount);
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

/** @param field `container/web` */
export function keyIn(field: string): Key {
  const [kind = '', id = ''] = field.split('/');
  return { kind: kind as Kind, id };
}
