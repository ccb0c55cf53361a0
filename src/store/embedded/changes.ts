import { watch, type FSWatcher } from 'node:fs';
import { codeOf } from './files.ts';

/** Names that change in a folder. */
export interface Changes {
  /** @param unread finds the names that changed, when nobody has told of them */
  take(unread: () => readonly string[]): readonly string[];
  /** Resolves when there is something to take, or at the end. */
  next(): Promise<void>;
  close(): void;
}

/**
 * Names that change from this call on.
 *
 * While little happens the kernel tells of each change as it is made. Every writer pays for being
 * told of, a tenth of a commit, so while much happens the kernel is asked for nothing: the folder
 * is looked at now and then, until a look finds it quiet.
 */
export function changesIn(folder: string, signal: AbortSignal): Changes {
  let names = new Set<string>();
  let lookAtAll = false;
  let wake: (() => void) | undefined;
  let failure: Error | undefined;
  let pauseMs = PAUSE_MS;
  let stop = told();
  let isTold = true;
  const close = () => {
    signal.removeEventListener('abort', close);
    stop();
    wake?.();
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', close);

  return {
    take(unread) {
      const all = lookAtAll ? looked(unread) : [];
      const taken = [...new Set([...names, ...all])];
      names = new Set();
      return taken;
    },

    async next() {
      if (names.size === 0 && !lookAtAll && failure === undefined && !signal.aborted) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (failure !== undefined) throw failure;
    },

    close
  };

  function looked(unread: () => readonly string[]): readonly string[] {
    const begun = performance.now();
    const all = unread();
    pauseMs = Math.max(PAUSE_MS, (performance.now() - begun) * PAUSE_PART);
    lookAtAll = false;
    if (isTold) return all;
    if (all.length > 0) pause();
    else {
      stop = told();
      isTold = true;
      // What came before the kernel was asked again.
      lookAtAll = true;
    }
    return all;
  }

  function told(): () => void {
    const isMany = counting();
    const note = (name: string | null): void => {
      if (name === null) lookAtAll = true;
      else names.add(name);
      if (isMany()) {
        stop();
        isTold = false;
        pause();
      }
      wake?.();
    };
    return startWatching(folder, note, fail);
  }

  function pause(): void {
    const timer = setTimeout(() => {
      lookAtAll = true;
      wake?.();
    }, pauseMs);
    stop = () => clearTimeout(timer);
  }

  function fail(error: Error): void {
    failure = error;
    wake?.();
  }
}

/** @returns whether it was called too often of late */
function counting(): () => boolean {
  let [since, count] = [0, 0];
  return () => {
    const now = performance.now();
    if (now - since > WINDOW_MS) [since, count] = [now, 0];
    count += 1;
    return count >= MANY;
  };
}

/** @returns how to stop */
function startWatching(
  folder: string,
  note: (name: string | null) => void,
  fail: (error: Error) => void
): () => void {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
    // The user's inotify instances are used up: looking once a second does as well.
    const timer = setInterval(() => note(null), POLL_MS);
    return () => clearInterval(timer);
  }
  // A queue of the kernel's that has overflowed, which libuv does not tell, is far more than many.
  watcher.on('change', (_event, name) => note(name === null ? null : name.toString()));
  watcher.on('error', fail);
  return () => watcher.close();
}

const POLL_MS = 1000;
/** So many changes in so short a time are many. */
const MANY = 16;
const WINDOW_MS = 10;
/** Between two looks; and this many times as long as a look takes, which thousands of files make slow. */
const PAUSE_MS = 50;
const PAUSE_PART = 4;
