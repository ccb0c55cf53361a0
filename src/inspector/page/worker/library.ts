import { MACHINES } from '../../../machines/all.ts';
import { inCausalOrder } from '../../model/order.ts';
import { sequenceOf } from '../../model/sequence.ts';
import { testText } from '../../model/test-text.ts';
import { timelineOf } from '../../model/timeline.ts';
import type { ActorRow } from '../../server/actors.ts';
import { recordIndex, type RecordIndex } from './index.ts';
import { ingesting } from './ingest.ts';
import { livesIn, readAll, type Lives } from './lives.ts';
import { histogramOf, momentAt, momentOf, moved } from './moments.ts';
import type { Counts, Detail, LibraryMethods, LifeLine, LogQuery, Ref, Scope } from './protocol.ts';
import { relatedTo } from './related.ts';
import { searchIn } from './search.ts';
import { actorPage, lastUpTo, logPage } from './tables.ts';

/** Most records that a timeline or a sequence is made of: more are not looked at one by one. */
const SHOWN_MAX = 4_000;

/** @param onChange told, not too often, that there is more than before */
export function library(onChange: (counts: Counts) => void): LibraryMethods {
  const index = recordIndex();
  const lives = livesIn(index);
  const listed = new Map<string, ActorRow>();
  let version = 0;
  const ingest = ingesting(index, changed);
  const search = searchIn(index, changed);

  return {
    list(actors) {
      listed.clear();
      for (const actor of actors) listed.set(actor.key, actor);
      changed();
    },
    add: (text) => ingest.text(text),
    open: (file) => ingest.file(file),
    clear() {
      index.clear();
      ingest.clear();
      changed();
    },
    counts,
    actors: (query) => actorPage(index, listed, query),
    log: async (query) => logPage(index, search, query),
    find: async ({ query, scope }: LogQuery, ref) =>
      search.find(query, scope).rows.indexOf(index.rowOf(ref)),
    detail: (ref) => detail(index, lives, ref),
    async whatIf(ref, text) {
      const { life, records } = await lives.of(ref.key, ref);
      const at = records.findIndex(({ seq }) => seq === ref.seq);
      return life.candidatesAt(at + 1, JSON.parse(text) as { readonly type: string });
    },
    life: (key, at) => lifeLines(lives, key, at),
    async timeline(scope) {
      return timelineOf(await readAll(index, index.order(scope).subarray(-SHOWN_MAX)));
    },
    async sequence(scope, correlation) {
      const { columns, words } = index;
      const rows = index
        .order(scope)
        .filter(
          (row) => correlation === null || words.text(columns.correlation[row]!) === correlation
        );
      return sequenceOf(inCausalOrder(await readAll(index, rows.subarray(-SHOWN_MAX))));
    },
    related: (key) => relatedTo(index, listed, key),
    lastOf(key, at) {
      const row = lastUpTo(index, key, at);
      return row === undefined ? null : index.refOf(row);
    },
    moment: (ref, scope) => momentOf(index, ref, scope),
    momentAt: (position, scope) => momentAt(index, position, scope),
    move: (from, to, scope) => moved(index, from, to, scope),
    histogram: (scope, buckets) => histogramOf(index, scope, buckets),
    lines: (scope) => linesOf(index, scope),
    async test(ref) {
      const { records } = await lives.of(ref.key, ref);
      return testText(records, ref.seq, MACHINES);
    }
  };

  function changed(): void {
    version += 1;
    onChange(counts());
  }

  function counts(): Counts {
    const order = index.order(null);
    const { time } = index.columns;
    return {
      ...{ records: order.length, version },
      actors: new Set([...listed.keys(), ...index.keys()]).size,
      ...ingest.faults(),
      first: order.length === 0 ? 0 : time[order[0]!]!,
      last: order.length === 0 ? 0 : time[order.at(-1)!]!
    };
  }
}

async function detail(index: RecordIndex, lives: Lives, ref: Ref): Promise<Detail | null> {
  if (index.rowOf(ref) < 0) return null;
  const { life, records, rows } = await lives.of(ref.key, ref);
  const at = records.findIndex(({ seq, time }) => seq === ref.seq && time === ref.time);
  const record = records[at];
  if (record === undefined) return null;
  const asker = records.findIndex(({ requests }) =>
    requests.some(({ id }) => id === record.causation)
  );
  return {
    record,
    step: life.steps[at] ?? null,
    candidates: life.candidatesAt(at, record.event),
    cause: asker < 0 ? null : index.refOf(rows[asker]!)
  };
}

async function lifeLines(lives: Lives, key: string, at: Ref | null): Promise<readonly LifeLine[]> {
  const { life, records } = await lives.of(key, at);
  return life.steps.map((step, index) => {
    const { seq, time, event } = records[index]!;
    const failed = 'failure' in event || 'failures' in event;
    const { after: value, taken, diverged } = step;
    return { ref: { key, seq, time }, type: event.type, failed, value, taken, diverged };
  });
}

async function linesOf(index: RecordIndex, scope: Scope): Promise<Blob> {
  const parts: string[] = [];
  for (const row of index.order(scope)) parts.push(`${JSON.stringify(await index.read(row))}\n`);
  return new Blob(parts, { type: 'application/x-ndjson' });
}
