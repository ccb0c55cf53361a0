import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isUnreachable } from './file-points.ts';

/** What stood at a path, to be compared: by entry, `''` for a file's own content. */
export type FileState = ReadonlyMap<string, string>;

const CONTENT_MAX_BYTES = 0x10_0000;

/** The content of a file, links followed; a write of the same content is no change. */
export function contentState(path: string): FileState {
  return orNothing(() => {
    const { size, mtimeMs } = statOfFile(path);
    const content = size > CONTENT_MAX_BYTES ? `${size} ${mtimeMs}` : readFileSync(path);
    return new Map([['', createHash('sha256').update(content).digest('hex')]]);
  });
}

/** The entries of a directory, each with what tells a version of it from the next. */
export function entriesState(directory: string): FileState {
  return orNothing(() => {
    const entries = readdirSync(directory).map((name) => [name, versionOf(join(directory, name))]);
    return new Map(entries as [string, string][]);
  });
}

/** The names in a directory alone: there may be thousands. */
export function namesState(directory: string): FileState {
  return orNothing(() => new Map(readdirSync(directory).map((name) => [name, ''])));
}

/** @returns the entries that came, went or changed, sorted */
export function changedEntries(before: FileState, now: FileState): readonly string[] {
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].filter((name) => before.get(name) !== now.get(name)).sort();
}

function statOfFile(path: string) {
  const stat = statSync(path);
  // Reading a FIFO would wait for somebody who writes.
  if (!stat.isFile()) throw Object.assign(new Error(`${path} is no file`), { code: 'EINVAL' });
  return stat;
}

function versionOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    if (isUnreachable(error)) return 'gone';
    throw error;
  }
}

function orNothing(read: () => FileState): FileState {
  try {
    return read();
  } catch (error) {
    if (isUnreachable(error)) return new Map();
    throw error;
  }
}
