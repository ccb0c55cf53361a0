import { isCommand } from '../../bus/events.ts';
import type { Recorded } from './records.ts';

/** By time, then by actor and number: the same wherever the records come from. */
export function byTime(a: Recorded, b: Recorded): number {
  return a.time - b.time || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.seq - b.seq);
}

/**
 * Records in the order one led to the other, where they share a millisecond.
 *
 * A request is answered after all that was done for it by other actors, and what was done for it
 * comes after it was asked.
 */
export function inCausalOrder(records: readonly Recorded[]): readonly Recorded[] {
  const sorted = records.toSorted(byTime);
  const askers = askersOf(sorted);
  const ordered: Recorded[] = [];
  for (let from = 0; from < sorted.length;) {
    let to = from + 1;
    while (to < sorted.length && sorted[to]!.time === sorted[from]!.time) to += 1;
    const together = sorted.slice(from, to);
    ordered.push(...(to - from > 1 ? untangled(together, askers) : together));
    from = to;
  }
  return ordered;
}

/** By the id of a request, the record that asked for it. */
type Askers = ReadonlyMap<string, Recorded>;

function askersOf(records: readonly Recorded[]): Askers {
  return new Map(records.flatMap((record) => record.requests.map(({ id }) => [id, record])));
}

// Few share a millisecond, so that trying all of them is soon done.
function untangled(records: readonly Recorded[], askers: Askers): readonly Recorded[] {
  const left = new Set(records);
  const ordered: Recorded[] = [];
  while (left.size > 0) {
    const waits = (record: Recorded) =>
      [...left].some((other) => other !== record && isBefore(other, record, askers));
    // In what somebody has made up there may be circles.
    const next = [...left].find((record) => !waits(record)) ?? [...left][0]!;
    left.delete(next);
    ordered.push(next);
  }
  return ordered;
}

function isBefore(other: Recorded, record: Recorded, askers: Askers): boolean {
  const { key, seq, causation, event } = record;
  if (other.key === key) return other.seq < seq;
  if (causation === null) return false;
  if (askers.get(causation) === other) return true;
  return !isCommand(event) && isFor(other, causation, askers);
}

const STEPS_MAX = 32;

/** Whether a record was done for a request, over as many requests as lie between. */
function isFor(record: Recorded, request: string, askers: Askers): boolean {
  let cause = record.causation;
  for (let step = 0; cause !== null && step < STEPS_MAX; step++) {
    if (cause === request) return true;
    cause = askers.get(cause)?.causation ?? null;
  }
  return false;
}
