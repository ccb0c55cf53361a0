// Pages of the two long lists: actors, and records.
import { MACHINES } from '../../../machines/all.ts';
import { matches, parseQuery, type Field } from '../../model/query.ts';
import { idOf, kindOf } from '../../model/records.ts';
import { stateText } from '../../model/steps.ts';
import type { ActorRow } from '../../server/actors.ts';
import { COMMAND, FAILED, WAITED } from './columns.ts';
import type { RecordIndex } from './index.ts';
import { moodOf } from './moods.ts';
import type {
  ActorLine,
  ActorPage,
  ActorQuery,
  LogLine,
  LogPage,
  LogQuery,
  Ref
} from './protocol.ts';
import type { Search } from './search.ts';

/** @param listed where actors rest, by key, as the host has listed them */
export function actorPage(
  index: RecordIndex,
  listed: ReadonlyMap<string, ActorRow>,
  asked: ActorQuery
): ActorPage {
  const query = parseQuery(asked.query);
  const keys = new Set([...listed.keys(), ...index.keys()]);
  const lines: ActorLine[] = [];
  const states = new Map<string, number>();
  for (const key of keys) {
    const known = asked.at === null ? listed.get(key) : undefined;
    const line = lineFor(index, key, known, asked.at);
    if (line === undefined) continue;
    if (query.terms.length > 0 && !matches(query, fieldsOfLine(line), () => textOfLine(line)))
      continue;
    lines.push(line);
    const [outermost = ''] = line.state.split(/[.,]/, 1);
    states.set(outermost, (states.get(outermost) ?? 0) + 1);
  }
  lines.sort(comparing(asked));
  return {
    total: lines.length,
    offset: asked.offset,
    lines: lines.slice(asked.offset, asked.offset + asked.limit),
    states: [...states].sort((a, b) => b[1] - a[1])
  };
}

function lineFor(
  index: RecordIndex,
  key: string,
  listed: ActorRow | undefined,
  at: Ref | null
): ActorLine | undefined {
  const row = lastUpTo(index, key, at);
  const { columns, words } = index;
  const isNewer = row !== undefined && (listed === undefined || columns.time[row]! > listed.time);
  if (isNewer) {
    const state = words.text(columns.state[row]!);
    const code = words.text(columns.code[row]!);
    return lineOf(key, state, {
      ...{ since: columns.time[row]!, seq: columns.seq[row]! },
      failure: code === '' ? null : code,
      ...{ drifts: 0, stale: false }
    });
  }
  if (listed === undefined) return undefined;
  const { value, time, seq, failure, drifts, stale } = listed;
  const rest = { since: time, seq, failure: failure?.code ?? null, drifts, stale };
  return lineOf(key, stateText(value), rest);
}

function lineOf(
  key: string,
  state: string,
  rest: Pick<ActorLine, 'since' | 'seq' | 'failure' | 'drifts' | 'stale'>
): ActorLine {
  const isAmiss = rest.failure !== null || rest.drifts > 0 || rest.stale;
  return { key, state, mood: moodOf(kindOf(key), state, isAmiss), ...rest };
}

/** Row of the last record of an actor up to a moment; `null`: of all. */
export function lastUpTo(index: RecordIndex, key: string, at: Ref | null): number | undefined {
  const rows = index.rowsOf(key);
  const limit = at === null ? -1 : index.rowOf(at);
  if (limit < 0) return rows.at(-1);
  const ranks = index.ranks();
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranks[rows[middle]!]! <= ranks[limit]!) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : rows[low - 1];
}

function comparing({ sort, descending }: ActorQuery): (a: ActorLine, b: ActorLine) => number {
  const turn = descending ? -1 : 1;
  const byName = (a: ActorLine, b: ActorLine) => compareNames(a.key, b.key);
  const compare: Readonly<Record<ActorQuery['sort'], (a: ActorLine, b: ActorLine) => number>> = {
    name: (a, b) => compareNames(idOf(a.key), idOf(b.key)) || byName(a, b),
    kind: (a, b) => byKind(a, b) || byName(a, b),
    state: (a, b) => MOODS[a.mood] - MOODS[b.mood] || byKind(a, b) || byName(a, b),
    since: (a, b) => b.since - a.since || byName(a, b)
  };
  return (a, b) => turn * compare[sort](a, b);
}

// In the order of the table of machines: what others are there for comes first.
const KINDS = Object.keys(MACHINES);

function byKind(a: ActorLine, b: ActorLine): number {
  return KINDS.indexOf(kindOf(a.key)) - KINDS.indexOf(kindOf(b.key));
}

// What wants to be looked at comes first.
const MOODS: Readonly<Record<ActorLine['mood'], number>> = { amiss: 0, busy: 1, rest: 2, gone: 3 };

// `web-2` before `web-10`.
const names = new Intl.Collator('en', { numeric: true });

function compareNames(a: string, b: string): number {
  return names.compare(a, b);
}

function fieldsOfLine(line: ActorLine): (field: Field) => readonly (string | number)[] {
  const { key, state, failure, mood } = line;
  return (field) => {
    switch (field) {
      case 'key':
        return [key];
      case 'kind':
        return [kindOf(key)];
      case 'id':
        return [idOf(key)];
      case 'state':
        // `state:up` finds what is within it too.
        return [state, ...state.split(/[.,]/, 1)];
      case 'code':
        return failure === null ? [] : [failure];
      case 'is':
        return [mood, ...(mood === 'amiss' ? ['failed'] : [])];
      case 'type':
      case 'asks':
      case 'program':
      case 'took':
      case 'correlation':
      case 'machine':
        return [];
    }
  };
}

function textOfLine({ key, state, failure }: ActorLine): string {
  return `${key} ${state} ${failure ?? ''}`;
}

export function logPage(
  index: RecordIndex,
  search: Search,
  { query, scope, offset, limit }: LogQuery
): LogPage {
  const { rows, done } = search.find(query, scope);
  const from = Math.max(0, offset);
  const lines = Array.from(rows.subarray(from, from + limit), (row) => logLine(index, row));
  return { total: rows.length, offset: from, lines, done };
}

function logLine(index: RecordIndex, row: number): LogLine {
  const { columns, words } = index;
  const flags = columns.flags[row]!;
  return {
    ref: index.refOf(row),
    type: words.text(columns.type[row]!),
    state: words.text(columns.state[row]!),
    code: words.text(columns.code[row]!),
    command: (flags & COMMAND) !== 0,
    failed: (flags & FAILED) !== 0,
    waited: (flags & WAITED) !== 0,
    asks: words.text(columns.asks[row]!)
  };
}
