import { lstatSync, readdirSync, rmSync } from 'node:fs';
import type { Key } from '../store.ts';
import { parseHistoryName, type HistoryName, type Layout } from './layout.ts';

export interface HistoryBound {
  /** Files kept, the newest. */
  readonly maxFiles: number;
  /** Bytes kept in all. */
  readonly maxBytes: number;
}

export interface History {
  /** Drops the oldest until one more file of `bytes` fits. Called before it is put there. */
  makeRoom(bytes: number): void;
}

/**
 * Keeps `history/` within its bound.
 *
 * Sizes are looked up once, then estimated, then looked up again when the estimate
 * reaches the bound or other processes may have added much.
 */
export function historyOf(layout: Layout, bound: HistoryBound): History {
  let [files, bytes, unseen] = [0, 0, RESCAN_EVERY];

  return {
    makeRoom(adding) {
      files += 1;
      bytes += adding;
      unseen += 1;
      if (unseen <= RESCAN_EVERY && files <= bound.maxFiles && bytes <= bound.maxBytes) return;
      const kept = prune(layout.history, bound, adding);
      [files, bytes, unseen] = [kept.files + 1, kept.bytes + adding, 0];
    }
  };
}

export interface Part extends HistoryName {
  readonly path: string;
  readonly name: string;
}

/** The files of a key in `history/`, oldest first. */
export function partsOf(layout: Layout, { kind, id }: Key): readonly Part[] {
  const prefix = `${kind}.${id}.`;
  return readdirSync(layout.history)
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => partOf(layout, name))
    .filter(({ key }) => key.id === id)
    .sort((a, b) => a.token - b.token || a.part - b.part);
}

const RESCAN_EVERY = 256;

function partOf(layout: Layout, name: string): readonly Part[] {
  const parsed = parseHistoryName(name);
  return parsed ? [{ ...parsed, name, path: `${layout.history}/${name}` }] : [];
}

function prune(folder: string, bound: HistoryBound, adding: number) {
  const found = newestFirst(folder);
  const all = { files: found.length, bytes: found.reduce((sum, { size }) => sum + size, 0) };
  if (all.files < bound.maxFiles && all.bytes + adding <= bound.maxBytes) return all;
  // A quarter more than needed, or every few files from here on one would look through them all.
  const most = (limit: number) => limit - Math.floor(limit / 16) * 4;
  let [files, bytes, fits] = [0, 0, true];
  for (const { path, size } of found) {
    fits &&= files + 1 < most(bound.maxFiles) && bytes + size + adding <= most(bound.maxBytes);
    if (fits) [files, bytes] = [files + 1, bytes + size];
    else rmSync(path, { force: true });
  }
  return { files, bytes };
}

function newestFirst(folder: string) {
  return readdirSync(folder)
    .flatMap((name) => {
      const parsed = parseHistoryName(name);
      const path = `${folder}/${name}`;
      const stat = parsed && lstatSync(path, { throwIfNoEntry: false });
      return stat ? [{ ...parsed, path, size: stat.size, mtimeMs: stat.mtimeMs }] : [];
    })
    .sort((a, b) => b.mtimeMs - a.mtimeMs || b.token - a.token || b.part - a.part);
}
