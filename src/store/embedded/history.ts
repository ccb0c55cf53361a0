import { lstatSync, readdirSync } from 'node:fs';
import type { Key } from '../store.ts';
import { unlinkIfPresent } from './files.ts';
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
  /** Notes what was put there. */
  added(path: string, bytes: number): void;
}

/**
 * Keeps `history/` within its bound.
 *
 * What is there is listed once and noted from then on, so that one file more drops one
 * file; it is looked through again when other processes may have added much.
 */
export function historyOf(layout: Layout, bound: HistoryBound): History {
  /** Sizes by path, oldest first. */
  let files = new Map<string, number>();
  let [bytes, unseen] = [0, RESCAN_EVERY];

  return {
    makeRoom(adding) {
      unseen += 1;
      if (unseen > RESCAN_EVERY) rescan();
      for (const [path, size] of files) {
        if (files.size < bound.maxFiles && bytes + adding <= bound.maxBytes) return;
        unlinkIfPresent(path);
        files.delete(path);
        bytes -= size;
      }
    },

    added(path, size) {
      files.set(path, size);
      bytes += size;
    }
  };

  // What is known already is not looked at again; what is new was added last.
  function rescan(): void {
    const names = readdirSync(layout.history);
    const present = new Set(names.map((name) => `${layout.history}/${name}`));
    const kept = [...files].filter(([path]) => present.has(path));
    const added = names.filter((name) => !files.has(`${layout.history}/${name}`));
    files = new Map([...kept, ...oldestFirst(layout.history, added)]);
    bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
    unseen = 0;
  }
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

/** Every file in `history/`; those of a key oldest first. */
export function allParts(layout: Layout): readonly Part[] {
  return readdirSync(layout.history)
    .flatMap((name) => partOf(layout, name))
    .sort((a, b) => a.token - b.token || a.part - b.part);
}

const RESCAN_EVERY = 256;

function partOf(layout: Layout, name: string): readonly Part[] {
  const parsed = parseHistoryName(name);
  return parsed ? [{ ...parsed, name, path: `${layout.history}/${name}` }] : [];
}

function oldestFirst(folder: string, names: readonly string[]): readonly [string, number][] {
  return names
    .flatMap((name) => {
      const parsed = parseHistoryName(name);
      const path = `${folder}/${name}`;
      const stat = parsed && lstatSync(path, { throwIfNoEntry: false });
      return stat ? [{ ...parsed, path, size: stat.size, mtimeMs: stat.mtimeMs }] : [];
    })
    .sort((a, b) => a.mtimeMs - b.mtimeMs || a.token - b.token || a.part - b.part)
    .map(({ path, size }) => [path, size]);
}
