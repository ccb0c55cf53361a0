import type { Commit, JournalRecord, Key, Kind, StoredActor } from '../../src/store/store.ts';

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

export async function collect(records: AsyncIterable<JournalRecord>): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

export async function seqsOf(records: AsyncIterable<JournalRecord>): Promise<number[]> {
  return (await collect(records)).map(({ seq }) => seq);
}
