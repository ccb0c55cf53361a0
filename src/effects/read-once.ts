import { statSync, type Stats } from 'node:fs';

/** What was made of a file or a directory, as long as that has not changed. */
export interface ReadOnce<Value> {
  /**
   * @param read called when the path is unknown, has changed, or may change unnoticed; what it
   *   throws is thrown, and not remembered
   * @returns `undefined` when there is nothing at the path
   * @throws the error of stat(2), but for ENOENT
   */
  get(path: string, read: (stat: Stats) => Value): Value | undefined;
}

/**
 * Remembers by path, inode, size and times of change.
 *
 * The kernel's clock for these times moves in steps of up to 10 ms: what changed shortly
 * before it was read could change again within the step, so that is read again next time.
 */
export function readOnce<Value>(): ReadOnce<Value> {
  const known = new Map<string, { readonly stat: Stats; readonly value: Value }>();

  return {
    get(path, read) {
      const now = Date.now();
      const stat = statSync(path, { throwIfNoEntry: false });
      const before = known.get(path);
      if (stat !== undefined && before !== undefined && isSame(stat, before.stat)) {
        return before.value;
      }
      known.delete(path);
      if (stat === undefined) return undefined;
      const value = read(stat);
      // The kernel's own files, below /proc, change without a sign of it and have no size.
      if (stat.size > 0 && Math.max(stat.ctimeMs, stat.mtimeMs) < now - CLOCK_STEP_MAX_MS) {
        if (known.size >= MOST) known.clear();
        known.set(path, { stat, value });
      }
      return value;
    }
  };
}

const CLOCK_STEP_MAX_MS = 50;
const MOST = 4096;

function isSame(one: Stats, other: Stats): boolean {
  return (
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.ctimeMs === other.ctimeMs &&
    one.mtimeMs === other.mtimeMs
  );
}
