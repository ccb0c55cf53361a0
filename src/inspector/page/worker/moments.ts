// Moving through time: from record to record, in all or in some actors.
import { FAILED } from './columns.ts';
import type { RecordIndex } from './index.ts';
import type { Histogram, Moment, Move, Ref, Scope } from './protocol.ts';

export function momentOf(index: RecordIndex, ref: Ref | null, scope: Scope): Moment {
  const order = index.order(scope);
  if (ref === null) return momentAt(index, order.length - 1, scope);
  const row = index.rowOf(ref);
  const position = row < 0 ? order.length - 1 : placeOf(index, order, row);
  return { ref: row < 0 ? null : ref, position, total: order.length };
}

export function momentAt(index: RecordIndex, position: number, scope: Scope): Moment {
  const order = index.order(scope);
  const within = Math.min(Math.max(Math.round(position), 0), order.length - 1);
  const row = order[within];
  return {
    ref: row === undefined ? null : index.refOf(row),
    position: within,
    total: order.length
  };
}

export function moved(index: RecordIndex, from: Ref | null, to: Move, scope: Scope): Moment {
  const order = index.order(scope);
  const { position } = momentOf(index, from, scope);
  const isThere = from !== null && order[position] === index.rowOf(from);
  switch (to) {
    case 'first':
      return momentAt(index, 0, scope);
    case 'last':
      return momentAt(index, order.length - 1, scope);
    case 'next':
      return momentAt(index, position + 1, scope);
    case 'previous':
      // A record of another actor lies between two of these.
      return momentAt(index, isThere || from === null ? position - 1 : position, scope);
    case 'failure':
    case 'previousFailure': {
      const step = to === 'failure' ? 1 : -1;
      const begin = from === null ? (step > 0 ? 0 : order.length - 1) : position + step;
      const found = failureFrom(index, order, begin, step);
      return momentAt(index, found < 0 ? position : found, scope);
    }
  }
}

function failureFrom(index: RecordIndex, order: Uint32Array, from: number, step: number): number {
  const { flags } = index.columns;
  for (let at = from; at >= 0 && at < order.length; at += step) {
    if (flags[order[at]!]! & FAILED) return at;
  }
  return -1;
}

/** Position of a row, or of the last before it where it is not among these. */
function placeOf(index: RecordIndex, order: Uint32Array, row: number): number {
  const ranks = index.ranks();
  const wanted = ranks[row]!;
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranks[order[middle]!]! <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** By place, not by time: what happened in a second is as wide as what happened in a day. */
export function histogramOf(index: RecordIndex, scope: Scope, most: number): Histogram {
  const order = index.order(scope);
  const buckets = Math.max(1, Math.min(most, order.length));
  const { flags } = index.columns;
  const counts = new Array<number>(buckets).fill(0);
  const failures = new Array<number>(buckets).fill(0);
  const times = index.columns.time;
  // Of how much happened while, so that a busy moment is told from a quiet one.
  for (let place = 0; place < order.length; place++) {
    const bucket = Math.floor((place * buckets) / order.length);
    const row = order[place]!;
    const before = order[place - 1];
    const pause = before === undefined ? 0 : times[row]! - times[before]!;
    counts[bucket]! += 1 / (1 + pause / 1000);
    if (flags[row]! & FAILED) failures[bucket]! += 1;
  }
  return { counts, failures };
}
