import { closeSync, constants, renameSync, writeSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Allocations } from '../store.ts';
import { full, openFile, openIfPresent, readAt, writeFailure } from './files.ts';
import type { Layout } from './layout.ts';
import { withLock } from './lock.ts';

/** @throws MooringError `store.corrupt` */
export function readAllocations(layout: Layout, kind: string): Allocations {
  const { file: path } = layout.allocationOf(kind);
  const file = openIfPresent(path);
  if (file === undefined) return { version: 0, entries: [] };
  try {
    return parse(readAt(file.fd, 0, file.stat.size).toString(), path);
  } finally {
    closeSync(file.fd);
  }
}

/**
 * Replaces one owner's entries, if the version is still the one seen.
 *
 * @throws MooringError `store.full`, `store.failed`, `store.busy`, `store.corrupt`
 */
export async function replaceAllocations(
  layout: Layout,
  seen: { readonly kind: string; readonly version: number },
  owner: string,
  entries: readonly Json[]
): Promise<boolean> {
  const { file, lock, next } = layout.allocationOf(seen.kind);
  try {
    return await withLock(lock, undefined, () => {
      const current = readAllocations(layout, seen.kind);
      if (current.version !== seen.version) return false;
      const others = current.entries.filter((held) => held.owner !== owner);
      const own = entries.map((entry) => ({ owner, entry }));
      const changed = { version: current.version + 1, entries: [...others, ...own] };
      writeWhole(next, JSON.stringify(changed));
      renameSync(next, file);
      return true;
    });
  } catch (error) {
    throw writeFailure(error, file);
  }
}

function writeWhole(path: string, text: string): void {
  const { fd } = openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    const bytes = Buffer.from(text);
    const written = writeSync(fd, bytes);
    if (written < bytes.length) throw full(path, `${written} of ${bytes.length} bytes were taken`);
  } finally {
    closeSync(fd);
  }
}

function parse(text: string, path: string): Allocations {
  try {
    const data: unknown = JSON.parse(text);
    if (!isJsonObject(data)) throw new Error('it is not an object');
    const { version, entries } = data;
    if (!Number.isSafeInteger(version)) throw new Error('it has no version');
    if (!Array.isArray(entries) || !entries.every(isEntry)) throw new Error('it has no entries');
    return data as unknown as Allocations;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('store.corrupt', `${path} line 1: ${reason}`, { cause: error });
  }
}

function isEntry(entry: Json): boolean {
  return isJsonObject(entry) && typeof entry['owner'] === 'string' && 'entry' in entry;
}
