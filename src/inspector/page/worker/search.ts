// Which records a query finds: by their columns at once, by their text as far as it was read.
import { fieldOfRow } from './row-fields.ts';
import { parseQuery, matches, type Query } from '../../model/query.ts';
import type { RecordIndex } from './index.ts';
import type { Scope } from './protocol.ts';

export interface Found {
  /** Rows that match, by time. */
  readonly rows: Uint32Array;
  /** Part of what is looked through that was looked at, 0 to 1. */
  readonly done: number;
}

export interface Search {
  /**
   * What is found so far. A search through texts goes on after it; ask again.
   *
   * @throws MooringError `query.bad`
   */
  find(text: string, scope: Scope): Found;
}

/** Of what is looked for again and again while a list is scrolled. */
const KEPT_MAX = 4;
/** Texts that are read before others get their turn. */
const BATCH = 2_000;

/** @param onProgress told when there is more to be had */
export function searchIn(index: RecordIndex, onProgress: () => void): Search {
  const kept = new Map<string, Running>();

  return {
    find(text, scope) {
      const query = parseQuery(text);
      const order = index.order(scope);
      if (query.terms.length === 0) return { rows: order, done: 1 };
      const name = `${text}\n${scope ?? '*'}`;
      let running = kept.get(name);
      if (running === undefined || running.isStale(order)) {
        running?.stop();
        running = query.readsText
          ? readThrough(index, query, order, onProgress)
          : lookedThrough(index, query, order);
        kept.delete(name);
        kept.set(name, running);
        for (const [oldest, other] of kept) {
          if (kept.size <= KEPT_MAX) break;
          other.stop();
          kept.delete(oldest);
        }
      }
      return running.found();
    }
  };
}

interface Running {
  found(): Found;
  isStale(order: Uint32Array): boolean;
  stop(): void;
}

function lookedThrough(index: RecordIndex, query: Query, order: Uint32Array): Running {
  const rows = order.filter((row) => matches(query, fieldOfRow(index, row), () => ''));
  return {
    found: () => ({ rows, done: 1 }),
    isStale: (now) => now !== order,
    stop: () => undefined
  };
}

function readThrough(
  index: RecordIndex,
  query: Query,
  order: Uint32Array,
  onProgress: () => void
): Running {
  let rows = new Uint32Array();
  let looked = 0;
  let isStopped = false;
  void read();
  return {
    found: () => ({ rows, done: order.length === 0 ? 1 : looked / order.length }),
    // Records that came meanwhile are looked at when the search is asked for again.
    isStale: (now) => now !== order && looked === order.length,
    stop: () => (isStopped = true)
  };

  async function read(): Promise<void> {
    while (looked < order.length && !isStopped) {
      const batch = order.subarray(looked, looked + BATCH);
      const more: number[] = [];
      for (const row of batch) {
        // What its columns rule out need not be read.
        if (!mayMatch(query, index, row)) continue;
        const text = await textOf(index, row);
        if (matches(query, fieldOfRow(index, row), () => text)) more.push(row);
      }
      const longer = new Uint32Array(rows.length + more.length);
      longer.set(rows);
      longer.set(more, rows.length);
      [rows, looked] = [longer, looked + batch.length];
      onProgress();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

function mayMatch(query: Query, index: RecordIndex, row: number): boolean {
  const columns = query.terms.filter(({ field }) => field !== null);
  return matches({ ...query, terms: columns }, fieldOfRow(index, row), () => '');
}

function textOf({ columns, pieces }: RecordIndex, row: number): Promise<string> {
  const { piece, offset, length } = columns;
  return pieces.read({ piece: piece[row]!, offset: offset[row]!, length: length[row]! });
}
