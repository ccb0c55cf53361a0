import { open, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { tryFlock } from '../../syscalls/flock.ts';

/** Held shared by who uses a thing, exclusively by who takes it away. */
export interface SharedLock {
  shared<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
  exclusive<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
}

const WAIT_MAX_MS = 20;

/**
 * A lock between processes and within one: the kernel frees it when its holder dies.
 *
 * @param file absolute path, made when it is missing (mode 0600), never removed
 * @see flock(2)
 */
export function fileLock(file: string): SharedLock {
  const held = async <Value>(
    mode: 'shared' | 'exclusive',
    work: () => Promise<Value>,
    signal: AbortSignal
  ): Promise<Value> => {
    // An open file description of its own: two holders in one process exclude each other too.
    const handle = await openLock(file);
    try {
      await waitFor(handle, mode, signal);
      return await work();
    } finally {
      await handle.close();
    }
  };
  return {
    shared: (work, signal) => held('shared', work, signal),
    exclusive: (work, signal) => held('exclusive', work, signal)
  };
}

function openLock(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
}

// A blocking flock would hold a thread of libuv's pool, and couldn't be given up.
async function waitFor(
  handle: FileHandle,
  mode: 'shared' | 'exclusive',
  signal: AbortSignal
): Promise<void> {
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, WAIT_MAX_MS)) {
    signal.throwIfAborted();
    if (tryFlock(handle.fd, mode)) return;
    await setTimeout(waitMs, undefined, { signal });
  }
}
