import { idOf, kindOf } from '../../model/records.ts';
import type { RecordIndex } from './index.ts';

const RELATED_MAX = 24;

/**
 * Actors that had a part in what was commanded to one, those that it shares most with first.
 *
 * Where no records are known yet, those of its name: a container's netns is called as it is.
 */
export function relatedTo(
  index: RecordIndex,
  listed: ReadonlyMap<string, unknown>,
  key: string
): readonly string[] {
  const { columns, words } = index;
  const own = new Set(Array.from(index.rowsOf(key), (row) => columns.correlation[row]!));
  const shared = new Map<number, number>();
  const mine = words.of(key);
  for (let row = 0; row < columns.count && own.size > 0; row++) {
    if (!own.has(columns.correlation[row]!) || columns.key[row] === mine) continue;
    const other = columns.key[row]!;
    shared.set(other, (shared.get(other) ?? 0) + 1);
  }
  const found = [...shared].sort((a, b) => b[1] - a[1]).map(([other]) => words.text(other));
  const namesakes = [...listed.keys()].filter(
    (other) => idOf(other) === idOf(key) && kindOf(other) !== kindOf(key)
  );
  return [...new Set([...found, ...namesakes])].slice(0, RELATED_MAX);
}
