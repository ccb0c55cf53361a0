import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  writeSync
} from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { keyText, type Key, type Lease } from '../store.ts';
import { openFile, unlinkIfPresent, writeFailure, type OpenFile } from './files.ts';
import { describeHolder, identity } from './holder.ts';
import type { Layout } from './layout.ts';
import { flock, retry, type LockFiles, type Patience } from './lock.ts';
import { nextToken } from './token.ts';
import { journalWriter, type JournalWriter, type Site } from './writer.ts';

/** A lease held by this process. */
export interface Held {
  readonly lease: Lease;
  readonly journal: JournalWriter;
}

export interface Leases {
  tryAcquire(key: Key, signal?: AbortSignal): Promise<Lease | undefined>;
  /** @throws MooringError `lease.timedOut` */
  acquire(key: Key, patience: Patience): Promise<Lease>;
  /** What this process holds of a key; it may have been lost since. */
  of(key: Key): Held | undefined;
  /** @throws MooringError `lease.lost` when it is not, or no longer, held */
  held(lease: Lease): Held;
  /** @param remove also takes the lock file away, which others can then not wait for any more */
  release(lease: Lease, remove: boolean): Promise<void>;
  releaseAll(): Promise<void>;
}

interface HeldLock extends Held {
  readonly file: OpenFile;
  readonly path: string;
  readonly lost: AbortController;
}

/**
 * Leases are locks on files, which the kernel frees when their holder dies.
 *
 * @param site throws when the store is closed
 */
export function leasesOf(layout: Layout, locks: LockFiles, site: () => Site): Leases {
  const held = new Map<Lease, HeldLock>();
  const byKey = new Map<string, HeldLock>();

  return {
    tryAcquire,

    async acquire(key, patience) {
      const lease = await retry(() => tryAcquire(key, patience.signal), patience);
      if (lease !== undefined) return lease;
      const holder = describeHolder(layout.lockOf(key));
      throw new MooringError(
        'lease.timedOut',
        `${keyText(key)} is in use by ${holder}, waited ${patience.timeoutMs} ms`
      );
    },

    of: (key) => byKey.get(keyText(key)),

    held(lease) {
      const lock = held.get(lease);
      if (lock === undefined) throw lostError(lease, 'was given up before');
      // Removed or replaced, it has no name any more: cheaper to see than what is at its path.
      if (fstatSync(lock.file.fd).nlink > 0) return lock;
      const error = lostError(lease, `was lost: ${lock.path} is not the file it was taken on`);
      drop(lock);
      closeSync(lock.file.fd);
      lock.lost.abort(error);
      throw error;
    },

    release,

    async releaseAll() {
      for (const lease of [...held.keys()]) await release(lease, false);
    }
  };

  async function tryAcquire(key: Key, signal?: AbortSignal): Promise<Lease | undefined> {
    site();
    const path = layout.lockOf(key);
    const { tryFlock, unlock } = await flock();
    let file: OpenFile | undefined;
    try {
      file = lockInPlace(path, tryFlock);
      return file && (await register(key, path, file, signal));
    } catch (error) {
      if (file !== undefined) {
        unlock(file.fd);
        closeSync(file.fd);
      }
      throw signal?.aborted ? error : writeFailure(error, path);
    }
  }

  async function register(key: Key, path: string, file: OpenFile, signal?: AbortSignal) {
    const token = await nextToken(locks, layout.token, signal);
    const journal = journalWriter(site(), key, token);
    const lost = new AbortController();
    const lease: Lease = { key, token, signal: lost.signal };
    // Overwritten, not emptied first: on a full disk the old block can be written again.
    const text = JSON.stringify({ token, ...identity() });
    writeSync(file.fd, text, 0);
    if (file.stat.size > text.length) ftruncateSync(file.fd, text.length);
    const lock = { lease, journal, file, path, lost };
    held.set(lease, lock);
    byKey.set(keyText(key), lock);
    return lease;
  }

  async function release(lease: Lease, remove: boolean): Promise<void> {
    const lock = held.get(lease);
    if (lock === undefined) return;
    drop(lock);
    const { unlock } = await flock();
    try {
      // One who only looked leaves nothing behind.
      const unused = remove || !existsSync(layout.journalOf(lease.key));
      if (unused && isInPlace(lock.path, lock.file)) unlinkIfPresent(lock.path);
    } finally {
      // A child between fork and exec shares the lock; closing alone would leave it held.
      unlock(lock.file.fd);
      closeSync(lock.file.fd);
    }
  }

  function drop(lock: HeldLock): void {
    held.delete(lock.lease);
    if (byKey.get(keyText(lock.lease.key)) === lock) byKey.delete(keyText(lock.lease.key));
    lock.journal.close();
  }
}

// A file that was removed while we waited locks nothing: others lock the new one.
function lockInPlace(
  path: string,
  tryFlock: (fd: number, mode: 'exclusive') => boolean
): OpenFile | undefined {
  for (;;) {
    const file = openFile(path, constants.O_RDWR | constants.O_CREAT);
    let kept = false;
    try {
      if (!tryFlock(file.fd, 'exclusive')) return undefined;
      kept = fstatSync(file.fd).nlink > 0;
      if (kept) return file;
    } finally {
      if (!kept) closeSync(file.fd);
    }
  }
}

function isInPlace(path: string, { stat }: OpenFile): boolean {
  const now = lstatSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino === stat.ino && now.dev === stat.dev;
}

function lostError(lease: Lease, reason: string): MooringError {
  return new MooringError(
    'lease.lost',
    `the lease on ${keyText(lease.key)} (token ${lease.token}) ${reason}`
  );
}
