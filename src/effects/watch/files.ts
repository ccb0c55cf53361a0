import { failureOf, type Failure } from '../../model/failure.ts';
import { batch } from './batch.ts';
import { directoryWatches } from './directories.ts';
import { pointsOf, type FilePoint } from './file-points.ts';
import {
  changedEntries,
  contentState,
  entriesState,
  namesState,
  type FileState
} from './file-state.ts';

export interface FileChange {
  readonly kind: 'resolvConf' | 'conflists' | 'plugins' | 'netnsDir';
  /** As it was given. */
  readonly path: string;
  /** Entries that came, went or changed, sorted; empty for `resolvConf`. */
  readonly names: readonly string[];
}

export interface FileWatch {
  /** Nothing is reported after it, and no watch is left. */
  close(): void;
}

export interface FileWatchOptions {
  /** Absolute paths; of files and directories that need not exist. What is empty costs nothing. */
  readonly resolvConfs: readonly string[];
  readonly confDirs: readonly string[];
  readonly pluginDirs: readonly string[];
  readonly netnsDirs: readonly string[];
  readonly onChange: (change: FileChange) => void;
  /** There are no watches to be had (`watch.EMFILE`, `watch.ENOSPC`): it is looked at regularly. */
  readonly onTrouble: (failure: Failure) => void;
  /** How long it must be quiet, milliseconds; default 50. */
  readonly quietMs?: number;
  /** How long a change waits at most, milliseconds; default 500. */
  readonly maxWaitMs?: number;
  /** Between two looks while there are no watches, milliseconds; default 1,000. */
  readonly pollMs?: number;
  /** Between two looks besides the watches, and two attempts at having them; default 30,000. */
  readonly resyncMs?: number;
}

interface Target extends Omit<FileChange, 'names'> {
  readonly read: (path: string) => FileState;
}

const SETTLE_TRIES = 8;

/**
 * Watches files and directories through every link on the way, also while they don't exist, and
 * keeps the process alive until it is closed.
 *
 * A change is a difference in what stands there, so that nothing is reported twice and a write
 * of the same content is none.
 */
export function watchFiles(options: FileWatchOptions): FileWatch {
  const { onChange, onTrouble, quietMs = 50, maxWaitMs = 500 } = options;
  const { pollMs = 1_000, resyncMs = 30_000 } = options;
  const targets = targetsOf(options);
  const states = new Map<Target, FileState>(targets.map((target) => [target, new Map()]));
  const watches = directoryWatches({ onEvent: () => soon.add('', undefined), onError: poll });
  const soon = batch<undefined>({ quietMs, maxWaitMs, merge: () => undefined, flush: look });
  const resync = setInterval(lookAndWatch, resyncMs);
  let polling: NodeJS.Timeout | undefined;

  settle();
  for (const target of targets) states.set(target, target.read(target.path));

  return {
    close() {
      soon.close();
      clearInterval(resync);
      clearInterval(polling);
      watches.close();
    }
  };

  function look(): void {
    if (polling === undefined) settle();
    for (const target of targets) compare(target);
  }

  function lookAndWatch(): void {
    settle();
    for (const target of targets) compare(target);
  }

  /** Opens the watches that are needed now; opening one may show that others are. */
  function settle(): void {
    try {
      for (let tries = 0; tries < SETTLE_TRIES && watches.set(allPoints()); tries++);
      clearInterval(polling);
      polling = undefined;
    } catch (error) {
      // A directory that went meanwhile has been seen by the watch above it.
      if ((error as { code?: unknown }).code === 'ENOENT') soon.add('', undefined);
      else poll(error);
    }
  }

  function poll(error: unknown): void {
    watches.close();
    if (polling !== undefined) return;
    polling = setInterval(look, pollMs);
    onTrouble(failureOf(error, 'watch', `watching files, looking every ${pollMs} ms instead`));
  }

  function allPoints(): readonly FilePoint[] {
    return targets.flatMap(({ path }) => pointsOf(path));
  }

  function compare(target: Target): void {
    const now = target.read(target.path);
    const names = changedEntries(states.get(target)!, now);
    states.set(target, now);
    if (names.length === 0) return;
    const { kind, path } = target;
    onChange({ kind, path, names: kind === 'resolvConf' ? [] : names });
  }
}

function targetsOf(options: FileWatchOptions): readonly Target[] {
  const { resolvConfs, confDirs, pluginDirs, netnsDirs } = options;
  return [
    ...resolvConfs.map((path): Target => ({ kind: 'resolvConf', path, read: contentState })),
    ...confDirs.map((path): Target => ({ kind: 'conflists', path, read: entriesState })),
    ...pluginDirs.map((path): Target => ({ kind: 'plugins', path, read: entriesState })),
    // Their names alone: what is mounted on a name has no change to be read.
    ...netnsDirs.map((path): Target => ({ kind: 'netnsDir', path, read: namesState }))
  ];
}
