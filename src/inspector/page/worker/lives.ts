// Lives of actors, followed with their charts; those looked at last are kept.
import { MACHINES } from '../../../machines/all.ts';
import { lifeOf, type Life } from '../../model/steps.ts';
import type { Recorded } from '../../model/records.ts';
import type { RecordIndex } from './index.ts';
import type { Ref } from './protocol.ts';

export interface FollowedLife {
  readonly life: Life;
  readonly records: readonly Recorded[];
  /** Rows of its records. */
  readonly rows: Uint32Array;
}

export interface Lives {
  /** The life that a record belongs to, or the last one of an actor. */
  of(key: string, at: Ref | null): Promise<FollowedLife>;
}

const KEPT_MAX = 16;

export function livesIn(index: RecordIndex): Lives {
  const kept = new Map<string, Promise<FollowedLife>>();

  return {
    of(key, at) {
      const rows = lifeRows(index, key, at);
      const name = `${key} ${rows[0] ?? -1} ${rows.length}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const following = follow(rows);
      kept.set(name, following);
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      return following;
    }
  };

  async function follow(rows: Uint32Array): Promise<FollowedLife> {
    const records = await readAll(index, rows);
    return { life: lifeOf(records, MACHINES), records, rows };
  }
}

/** Records are numbered anew with each life. */
function lifeRows(index: RecordIndex, key: string, at: Ref | null): Uint32Array {
  const rows = index.rowsOf(key);
  const { seq } = index.columns;
  const chosen = at?.key === key ? rows.indexOf(index.rowOf(at)) : rows.length - 1;
  let from = chosen < 0 ? rows.length - 1 : chosen;
  while (from > 0 && seq[rows[from]!]! > seq[rows[from - 1]!]!) from -= 1;
  let to = from + 1;
  while (to < rows.length && seq[rows[to]!]! > seq[rows[to - 1]!]!) to += 1;
  return rows.slice(Math.max(from, 0), to);
}

export async function readAll(index: RecordIndex, rows: Iterable<number>): Promise<Recorded[]> {
  const records: Recorded[] = [];
  for (const row of rows) records.push(await index.read(row));
  return records;
}
