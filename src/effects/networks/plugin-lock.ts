import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { tryFlock, unlock } from '../../syscalls/flock.ts';
import { patience } from './patience.ts';

/** Held shared by who uses a thing, exclusively by who takes it away. */
export interface SharedLock {
  shared<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
  exclusive<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
  /** Exclusively, or shared with those who still hold it shared after `patienceMs`. */
  preferExclusive<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
}

export interface FileLockOptions {
  /** How long {@link SharedLock.preferExclusive} waits to be alone; 500 unless given. */
  readonly patienceMs?: number;
}

const WAIT_MAX_MS = 20;
const PATIENCE_MS = 500;

/**
 * A lock between processes and within one: the kernel frees it when its holder dies.
 *
 * Who waits for it exclusively is not overtaken by those who share it: all of them pass
 * through a second lock, `<file>.gate`, which is held while waiting and no longer.
 *
 * @param file absolute path, made when it is missing (mode 0600), never removed
 * @see flock(2)
 */
export function fileLock(
  file: string,
  { patienceMs = PATIENCE_MS }: FileLockOptions = {}
): SharedLock {
  const held = async <Value>(
    mode: Mode | 'preferExclusive',
    work: () => Promise<Value>,
    signal: AbortSignal
  ): Promise<Value> => {
    const handle =
      mode === 'preferExclusive'
        ? await acquirePatiently(file, patienceMs, signal)
        : await acquire(file, mode, signal);
    try {
      return await work();
    } finally {
      handle.close();
    }
  };
  return {
    shared: (work, signal) => held('shared', work, signal),
    exclusive: (work, signal) => held('exclusive', work, signal),
    preferExclusive: (work, signal) => held('preferExclusive', work, signal)
  };
}

type Mode = 'shared' | 'exclusive';

async function acquire(file: string, mode: Mode, signal: AbortSignal): Promise<OpenLock> {
  const gate = await take(`${file}.gate`, mode, signal);
  try {
    return await take(file, mode, signal);
  } finally {
    gate.close();
  }
}

async function acquirePatiently(
  file: string,
  patienceMs: number,
  signal: AbortSignal
): Promise<OpenLock> {
  const enough = patience(patienceMs);
  try {
    return await acquire(file, 'exclusive', AbortSignal.any([signal, enough]));
  } catch (error) {
    if (signal.aborted || !enough.aborted) throw error;
    return acquire(file, 'shared', signal);
  }
}

// An open file description of its own: two holders in one process exclude each other too.
async function take(file: string, mode: Mode, signal: AbortSignal): Promise<OpenLock> {
  const handle = openLock(file);
  try {
    await waitFor(handle, mode, signal);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

interface OpenLock {
  readonly fd: number;
  close(): void;
}

// Synchronous: a turn of libuv's pool takes longer than all the calls here.
function openLock(file: string): OpenLock {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(file, flags, 0o600);
  return {
    fd,
    close() {
      // A child between fork and exec shares the lock; closing alone would leave it held.
      unlock(fd);
      closeSync(fd);
    }
  };
}

// A blocking flock would hold a thread of libuv's pool, and couldn't be given up.
async function waitFor(handle: OpenLock, mode: Mode, signal: AbortSignal): Promise<void> {
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, WAIT_MAX_MS)) {
    signal.throwIfAborted();
    if (tryFlock(handle.fd, mode)) return;
    await setTimeout(waitMs, undefined, { signal });
  }
}
