import { closeSync, constants, ftruncateSync, lstatSync, renameSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Allocations } from '../store.ts';
import { full, openFile, openIfPresent, readAt, writeFailure } from './files.ts';
import type { Layout } from './layout.ts';
import type { LockFiles } from './lock.ts';

type Entry = Allocations['entries'][number];

/** @throws MooringError `store.corrupt` */
export function readAllocations(layout: Layout, kind: string): Allocations {
  return readBook(layout.allocationOf(kind).file).now;
}

/**
 * Replaces one owner's entries, if the version is still the one seen.
 *
 * The file is a whole list and the changes since, a line each: replacing a file costs a
 * flush of its data on ext4, and appending a line does not.
 *
 * @throws MooringError `store.full`, `store.failed`, `store.busy`, `store.corrupt`
 */
export async function replaceAllocations(
  { layout, locks }: { readonly layout: Layout; readonly locks: LockFiles },
  seen: { readonly kind: string; readonly version: number },
  owner: string,
  entries: readonly Json[]
): Promise<boolean> {
  const { file, lock, next } = layout.allocationOf(seen.kind);
  try {
    return await locks.withLock(lock, undefined, () => {
      const book = readBook(file);
      if (book.now.version !== seen.version) return false;
      const change = { owner, entries };
      if (book.bytes - book.listBytes <= book.listBytes + CHANGES_MIN_BYTES) {
        append(file, book.bytes, `${JSON.stringify(change)}\n`);
      } else {
        writeWhole(next, `${JSON.stringify(apply(book.now, change))}\n`);
        renameSync(next, file);
      }
      return true;
    });
  } catch (error) {
    throw writeFailure(error, file);
  }
}

/** Changes are folded into the list when they outweigh it by this much. */
const CHANGES_MIN_BYTES = 16 * 1024;

interface Book {
  readonly now: Allocations;
  /** Length of all whole lines. */
  readonly bytes: number;
  /** Length of the first line. */
  readonly listBytes: number;
}

interface Change {
  readonly owner: string;
  readonly entries: readonly Json[];
}

/** What was read last; the lines of a file never change, so only new ones are read again. */
const read = new Map<string, Book & { readonly file: string; readonly size: number }>();

function idOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}@${birthtimeMs}`;
}

function readBook(path: string): Book {
  const known = read.get(path);
  const standing = lstatSync(path, { throwIfNoEntry: false });
  if (standing === undefined) return NO_BOOK;
  // Lines are only added, and a new list is a new file.
  if (standing.size === known?.size && idOf(standing) === known.file) return known;
  const file = openIfPresent(path);
  if (file === undefined) return NO_BOOK;
  try {
    const { size } = file.stat;
    const id = idOf(file.stat);
    const before = known?.file === id && known.bytes <= size ? known : NO_BOOK;
    const book = continueBook(before, readAt(file.fd, before.bytes, size - before.bytes), path);
    read.set(path, { ...book, file: id, size });
    return book;
  } finally {
    closeSync(file.fd);
  }
}

function continueBook(before: Book, content: Buffer, path: string): Book {
  // What follows the last newline was cut off by a crash, and nobody was told that it is done.
  const length = content.lastIndexOf(0x0a) + 1;
  const lines = content.subarray(0, length).toString().split('\n').slice(0, -1);
  let { now } = before;
  for (const line of lines) now = parseLine(now, line, path);
  return {
    now,
    bytes: before.bytes + length,
    listBytes: before.listBytes || content.indexOf(0x0a) + 1
  };
}

const NO_BOOK: Book = { now: { version: 0, entries: [] }, bytes: 0, listBytes: 0 };

function parseLine(before: Allocations, line: string, path: string): Allocations {
  try {
    const data: unknown = JSON.parse(line);
    if (!isJsonObject(data) || !Array.isArray(data['entries']))
      throw new Error('it has no entries');
    const { owner, version, entries } = data;
    if (typeof owner === 'string') return apply(before, { owner, entries });
    if (!Number.isSafeInteger(version)) throw new Error('it has neither an owner nor a version');
    if (!entries.every(isEntry)) throw new Error('an entry has no owner');
    return data as unknown as Allocations;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const where = `${path}, the change after version ${before.version}`;
    throw new MooringError('store.corrupt', `${where}: ${reason}`, { cause: error });
  }
}

function apply({ version, entries }: Allocations, change: Change): Allocations {
  const { owner } = change;
  const others = entries.filter((held) => held.owner !== owner);
  const own = change.entries.map((entry): Entry => ({ owner, entry }));
  return { version: version + 1, entries: [...others, ...own] };
}

function append(path: string, bytes: number, text: string): void {
  const { fd, stat } = openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
  try {
    if (stat.size > bytes) ftruncateSync(fd, bytes);
    writeAll(fd, text, path, () => {
      ftruncateSync(fd, bytes);
    });
  } finally {
    closeSync(fd);
  }
}

function writeWhole(path: string, text: string): void {
  const { fd } = openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeAll(fd, text, path, () => undefined);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, text: string, path: string, undo: () => void): void {
  const data = Buffer.from(text);
  let written: number;
  try {
    written = writeSync(fd, data);
  } catch (error) {
    undo();
    throw error;
  }
  if (written === data.length) return;
  undo();
  throw full(path, `${written} of ${data.length} bytes were taken`);
}

function isEntry(entry: Json): boolean {
  return isJsonObject(entry) && typeof entry['owner'] === 'string' && 'entry' in entry;
}
