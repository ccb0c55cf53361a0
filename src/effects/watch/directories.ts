import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import type { FilePoint } from './file-points.ts';
import { isUnreachable } from './file-points.ts';

/** Watches on directories and files, as few as the points ask for. */
export interface DirectoryWatches {
  /**
   * Watches exactly these from now on.
   *
   * @returns whether a watch was opened: what changed shortly before it has not been reported
   * @throws the error of fs.watch, `EMFILE` or `ENOSPC` when inotify is exhausted
   */
  set(points: readonly FilePoint[]): boolean;
  close(): void;
}

interface DirectoryWatch {
  readonly watcher: FSWatcher;
  /** Of the directory that is watched: another may stand at its path by now. */
  readonly identity: string;
  names: ReadonlySet<string | null>;
}

export interface DirectoryWatchOptions {
  /** @param directory in which one of the points may have changed */
  readonly onEvent: (directory: string) => void;
  /** A watch failed after it was opened; it is closed. */
  readonly onError: (error: unknown) => void;
}

/** Directories above all: an editor puts another file in the place of the one that was watched. */
export function directoryWatches({ onEvent, onError }: DirectoryWatchOptions): DirectoryWatches {
  const watches = new Map<string, DirectoryWatch>();

  function stop(directory: string): void {
    watches.get(directory)?.watcher.close();
    watches.delete(directory);
  }

  function open(directory: string, identity: string, names: ReadonlySet<string | null>): void {
    const watcher = watch(directory);
    const opened: DirectoryWatch = { watcher, identity, names };
    // What happens to the directory itself comes with its own name.
    const itself = basename(directory);
    watcher.on('change', (_, name) => {
      const isPoint = name === null || name === itself || opened.names.has(String(name));
      if (isPoint || opened.names.has(null)) onEvent(directory);
    });
    watcher.on('error', (error) => {
      if (watches.get(directory) === opened) stop(directory);
      onError(error);
    });
    watches.set(directory, opened);
  }

  return {
    set(points) {
      const wanted = namesByDirectory(points);
      for (const directory of watches.keys()) if (!wanted.has(directory)) stop(directory);
      let hasOpened = false;
      for (const [directory, names] of wanted) {
        const identity = identityOf(directory);
        const present = watches.get(directory);
        if (present !== undefined) present.names = names;
        if (present?.identity === identity) continue;
        stop(directory);
        if (identity === undefined) continue;
        open(directory, identity, names);
        hasOpened = true;
      }
      return hasOpened;
    },
    close() {
      for (const directory of [...watches.keys()]) stop(directory);
    }
  };
}

function namesByDirectory(
  points: readonly FilePoint[]
): ReadonlyMap<string, ReadonlySet<string | null>> {
  const wanted = new Map<string, Set<string | null>>();
  for (const { directory, name } of points) {
    wanted.set(directory, (wanted.get(directory) ?? new Set()).add(name));
  }
  return wanted;
}

/** @returns `undefined` when no directory is there */
function identityOf(directory: string): string | undefined {
  try {
    const { dev, ino } = statSync(directory, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw error;
  }
}
