import { closeSync, constants, fstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import { codeOf, openFile, type OpenFile } from './files.ts';

type Flock = typeof import('../../syscalls/flock.ts');

let loaded: Flock | undefined;

/** Loaded when the first lock is taken: a process that only reads does not need it. */
export async function flock(): Promise<Flock> {
  return (loaded ??= await import('../../syscalls/flock.ts'));
}

/** The same without waiting, once it was loaded: waiting for what is at hand takes as long as a lock. */
export function flockAtHand(): Flock | undefined {
  return loaded;
}

export interface Patience {
  /** Milliseconds to try for. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries until there is an answer, a little less often each time.
 *
 * A blocking lock would hold a thread of the pool that nothing can call back, so
 * a frozen holder must be waited for like this.
 *
 * @returns `undefined` when the time is over
 * @throws the signal's reason when it aborts
 */
export async function retry<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  { timeoutMs, signal }: Patience
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const answer = await attempt();
    if (answer !== undefined) return answer;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return undefined;
    await pause(Math.min(pauseMs * (0.5 + Math.random() / 2), leftMs), signal);
  }
}

/** The locks of files that stay, taken thousands of times by one store. */
export interface LockFiles {
  /**
   * Does something while holding the lock of a file, made if need be.
   *
   * @param work gets the descriptor; synchronous, so that the lock is held for microseconds
   *   and one open file description serves the whole store
   * @throws MooringError `store.busy` when another process has held the lock for seconds
   */
  withLock<T>(path: string, signal: AbortSignal | undefined, work: (fd: number) => T): Promise<T>;
  /** Looks into a file without its lock, made if need be. */
  read<T>(path: string, work: (fd: number) => T): T;
  close(): void;
}

export function lockFiles(): LockFiles {
  const files = new Map<string, OpenFile>();

  return {
    async withLock(path, signal, work) {
      const { tryFlock, unlock } = await flock();
      const done = await retry(() => attempt(), { timeoutMs: BUSY_MS, signal });
      if (done !== undefined) return done.value;
      throw new MooringError('store.busy', `another process keeps ${path} locked`);

      function attempt() {
        const { fd } = opened(path);
        if (!tryFlock(fd, 'exclusive')) return undefined;
        try {
          return { value: work(fd) };
        } finally {
          unlock(fd);
        }
      }
    },

    read: (path, work) => work((files.get(path) ?? opened(path)).fd),

    close() {
      for (const { fd } of files.values()) closeSync(fd);
      files.clear();
    }
  };

  function opened(path: string): OpenFile {
    const known = files.get(path);
    // A file that was removed locks nothing: others lock the new one.
    if (known && fstatSync(known.fd).nlink > 0) return known;
    if (known) closeSync(known.fd);
    files.delete(path);
    const file = openFile(path, constants.O_RDWR | constants.O_CREAT);
    files.set(path, file);
    return file;
  }
}

const LONGEST_PAUSE_MS = 20;
const BUSY_MS = 10_000;

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal && { signal });
  } catch (error) {
    if (codeOf(error) !== 'ABORT_ERR') throw error;
    signal?.throwIfAborted();
  }
}
