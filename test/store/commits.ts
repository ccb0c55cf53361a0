import { seal } from '../../src/store/record.ts';
import type {
  Commit,
  Key,
  Kind,
  StoredActor,
  JournalRecord,
  StoredRecord
} from '../../src/store/store.ts';

export function keyOf(id: string, kind: Kind = 'container'): Key {
  return { kind, id };
}

/** A commit that carries a number, and nothing else that matters. */
export function commitOf(count: number, padding = ''): Commit {
  return {
    event: { type: 'container.down', container: 'web' },
    requests: [],
    value: 'up',
    snapshot: { count, padding },
    outstanding: [],
    machine: 'container@0',
    causation: null,
    correlation: 'c'.repeat(21)
  };
}

export function countIn(actor: StoredActor | undefined): unknown {
  return actor && (actor.snapshot as { count: unknown }).count;
}

/** A line of a journal with the hash that it needs, without its newline. */
export function sealed({ hash: _hash, ...record }: StoredRecord): Buffer {
  return Buffer.from(seal(record).line.subarray(0, -1));
}

/** A line with another key in it. */
export function renamed(line: Buffer, from: string, to: string): Buffer {
  return sealed(JSON.parse(line.toString().replaceAll(from, to)) as StoredRecord);
}

export async function collect<Item>(records: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const record of records) all.push(record);
  return all;
}

export async function seqsOf(records: AsyncIterable<JournalRecord>): Promise<number[]> {
  return (await collect(records)).map(({ seq }) => seq);
}
