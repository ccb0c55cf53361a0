import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { isCommand } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { packedText } from '../journal/content.ts';
import { digests } from '../journal/memory.ts';
import { failureOf } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { StoredRecord } from '../store/store.ts';
import { isSame } from './compare.ts';
import type { Divergence, DivergenceKind, Located, MemoryDifference } from './divergence.ts';
import { stepOf, type Answer, type Candidate } from './guards.ts';
import { requestDifferences } from './requests.ts';
import { placeOf } from './source.ts';

/** What the current code made of an event. */
export interface Seen {
  readonly before: AnyMachineSnapshot;
  readonly after: AnyMachineSnapshot;
  readonly requests: readonly EffectRequest[];
  /** Id of the current machine. */
  readonly machine: string;
  /** What it remembered when that was last recorded; `undefined` when it never was. */
  readonly known: Readonly<Record<string, unknown>> | undefined;
}

/** Tells all there is to tell of an event that did not do what it did. */
export function explain(
  line: number,
  record: StoredRecord,
  seen: Seen,
  machine: AnyStateMachine
): Divergence {
  const { key, seq, time, event } = record;
  const asked = record.requests.map(({ request }) => request);
  const inside = lookInside(machine, record, seen);
  const requests = requestDifferences(asked, seen.requests);
  const memory = memoryDifferences(record, seen);
  return {
    kind: kindOf(record, seen, requests.length > 0),
    key,
    seq,
    line,
    time,
    event,
    before: seen.before.value as Json,
    recorded: { machine: record.machine, state: record.value, requests: asked },
    current: {
      machine: seen.machine,
      state: seen.after.value as Json,
      requests: seen.requests
    },
    requests,
    memory,
    ...inside,
    ...(seen.after.status === 'error' && { thrown: thrownIn(seen.after) })
  };
}

function kindOf(record: StoredRecord, seen: Seen, otherRequests: boolean): DivergenceKind {
  const { before, after } = seen;
  if (after.status === 'error') return 'failed';
  const stays =
    before.context === after.context && isSame(before.value as Json, after.value as Json);
  if (stays && isCommand(record.event) && !before.can(record.event)) return 'ignored';
  if (!isSame(record.value, after.value as Json)) return 'state';
  return otherRequests ? 'requests' : 'memory';
}

function lookInside(
  machine: AnyStateMachine,
  { event }: StoredRecord,
  { before }: Seen
): Pick<Divergence, 'guards' | 'taken'> {
  try {
    const { answers, taken } = stepOf(machine, before, event);
    return { guards: answers.filter(isAsked).map(located), taken: taken.map(located) };
  } catch {
    // A guard that throws is told of by what it threw.
    return { guards: [], taken: [] };
  }
}

function isAsked({ guard }: Answer): boolean {
  return guard !== null;
}

function located<Item extends Candidate>(item: Item): Located<Item> {
  const place = placeOf(item);
  return place === undefined ? item : { ...item, place };
}

function memoryDifferences(record: StoredRecord, seen: Seen): MemoryDifference[] {
  const { after, known } = seen;
  const { memory: recorded } = record;
  if (recorded === undefined || after.status === 'error') return [];
  const context = after.context as Readonly<Record<string, Json>>;
  const current = digests(packedText).of(known, context);
  const fields = new Set([...Object.keys(recorded), ...Object.keys(current)]);
  return [...fields]
    .filter((field) => !isSame(recorded[field], current[field]))
    .map((field) => ({ field, recorded: recorded[field], current: context[field] }));
}

function thrownIn({ error }: AnyMachineSnapshot): string {
  return failureOf(error, 'machine').message;
}
