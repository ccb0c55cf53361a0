import { closeSync, constants, existsSync, fstatSync, lstatSync, type Stats } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { loss, type Loss } from '../loss.ts';
import { keyText, type Key, type Lease } from '../store.ts';
import { openNoFollow, statOfOurs, unlinkIfPresent, writeFailure, type OpenFile } from './files.ts';
import { describeHolder } from './holder.ts';
import type { Layout } from './layout.ts';
import { flock, flockAtHand, retry, type LockFiles, type Patience } from './lock.ts';
import { tokensOf } from './token.ts';
import { journalWriter, type JournalWriter, type Site } from './writer.ts';

/** A lease held by this process. */
export interface Held {
  readonly lease: Lease;
  readonly journal: JournalWriter;
}

export interface Leases {
  tryAcquire(key: Key, signal?: AbortSignal): Promise<Lease | undefined>;
  /**
   * @param token of a lease that was given elsewhere, and which this one goes with; drawn unless given
   * @throws MooringError `lease.timedOut`
   */
  acquire(key: Key, patience: Patience, token?: number): Promise<Lease>;
  /** The greatest token that is known here. */
  lastToken(): number;
  /** What this process holds of a key; it may have been lost since. */
  of(key: Key): Held | undefined;
  /** The journal of a key whose files are open, with a lease or without. */
  journal(key: Key): JournalWriter | undefined;
  /** @throws MooringError `lease.lost` when it is not, or no longer, held */
  held(lease: Lease): Held;
  /** @param remove also takes the lock file away, which others can then not wait for any more */
  release(lease: Lease, remove: boolean): Promise<void>;
  releaseAll(): Promise<void>;
}

/** Lock file and journal of a key, open. */
interface KeyFiles {
  /** The key's. */
  readonly text: string;
  readonly file: OpenFile;
  readonly path: string;
  readonly journal: JournalWriter;
}

interface HeldLock extends KeyFiles, Held {
  readonly lost: Loss;
}

/** Of how many keys the files stay open when their lease is given back: those used last. */
const KEPT_MAX_KEYS = 128;

/**
 * Leases are locks on files, which the kernel frees when their holder dies.
 *
 * @param site throws when the store is closed
 */
export function leasesOf(layout: Layout, locks: LockFiles, site: () => Site): Leases {
  const held = new Map<Lease, HeldLock>();
  const byKey = new Map<string, HeldLock>();
  /** Not locked; by {@link keyText}, those used last at the end. */
  const kept = new Map<string, KeyFiles>();
  const tokens = tokensOf(locks, layout.token);

  return {
    tryAcquire: (key, signal) => tryAcquire(key, signal),

    async acquire(key, patience, token) {
      const lease = await retry(() => tryAcquire(key, patience.signal, token), patience);
      if (lease !== undefined) return lease;
      const holder = describeHolder(layout.lockOf(key));
      throw new MooringError(
        'lease.timedOut',
        `${keyText(key)} is in use by ${holder}, waited ${patience.timeoutMs} ms`
      );
    },

    lastToken: () => tokens.last(),

    of: (key) => byKey.get(keyText(key)),

    journal: (key) => (byKey.get(keyText(key)) ?? kept.get(keyText(key)))?.journal,

    held: heldLock,

    release,

    async releaseAll() {
      for (const lease of [...held.keys()]) await release(lease, false);
      for (const files of kept.values()) closeAll(files);
      kept.clear();
    }
  };

  function heldLock(lease: Lease): HeldLock {
    const lock = held.get(lease);
    if (lock === undefined) throw lostError(lease, 'was given up before');
    // Removed or replaced, it has no name any more: cheaper to see than what is at its path.
    if (fstatSync(lock.file.fd).nlink > 0) return lock;
    const error = lostError(lease, `was lost: ${lock.path} is not the file it was taken on`);
    drop(lock);
    closeAll(lock);
    lock.lost.tell(error);
    throw error;
  }

  async function tryAcquire(
    key: Key,
    signal?: AbortSignal,
    given?: number
  ): Promise<Lease | undefined> {
    const { tryFlock, unlock } = flockAtHand() ?? (await flock());
    const place = site();
    const text = keyText(key);
    let files: KeyFiles | undefined;
    try {
      files = lockKept(text, tryFlock) ?? lockNew(place, key, text, tryFlock);
      if (files === undefined) return undefined;
      if (given !== undefined) await tokens.raise(given, signal);
      return register(key, files, given ?? tokens.reserved() ?? (await tokens.reserve(signal)));
    } catch (error) {
      if (files !== undefined) {
        unlock(files.file.fd);
        closeAll(files);
      }
      throw signal?.aborted ? error : writeFailure(error, layout.lockOf(key));
    }
  }

  function register(key: Key, files: KeyFiles, token: number): Lease {
    site();
    files.journal.begin(token);
    const lost = loss();
    const lease: Lease = new FileLease(key, token, lost, () => void heldLock(lease));
    const { text, file, path, journal } = files;
    const lock = { text, file, path, journal, lease, lost };
    held.set(lease, lock);
    byKey.set(text, lock);
    return lease;
  }

  /** Locks what is kept open of a key, if it is in place still and nobody has it. */
  function lockKept(text: string, tryFlock: TryFlock): KeyFiles | undefined {
    const files = kept.get(text);
    if (files === undefined) return undefined;
    kept.delete(text);
    if (tryFlock(files.file.fd, 'exclusive')) {
      if (fstatSync(files.file.fd).nlink > 0) return files;
    }
    closeAll(files);
    return undefined;
  }

  async function release(lease: Lease, remove: boolean): Promise<void> {
    const lock = held.get(lease);
    if (lock === undefined) return;
    drop(lock);
    const { unlock } = flockAtHand() ?? (await flock());
    let keeping = false;
    try {
      // One who only looked leaves nothing behind.
      const unused = remove || !(lock.journal.isOpen() || existsSync(layout.journalOf(lease.key)));
      if (unused && isInPlace(lock.path, lock.file)) unlinkIfPresent(lock.path);
      keeping = !unused;
    } finally {
      if (keeping) {
        // A child between fork and exec shares the lock; closing alone would leave it held.
        unlock(lock.file.fd);
        keep(lock);
      } else closeAll(lock);
    }
  }

  function keep({ text, file, path, journal }: KeyFiles): void {
    kept.set(text, { text, file, path, journal });
    if (kept.size <= KEPT_MAX_KEYS) return;
    const [[oldest, files] = []] = kept;
    if (oldest === undefined || files === undefined) return;
    kept.delete(oldest);
    closeAll(files);
  }

  function drop(lock: HeldLock): void {
    held.delete(lock.lease);
    if (byKey.get(lock.text) === lock) byKey.delete(lock.text);
  }
}

/** A class, as its getter costs a literal ten times what the rest of it does. */
class FileLease implements Lease {
  readonly key: Key;
  readonly token: number;
  readonly check: () => void;
  readonly onLost: Loss['onLost'];
  readonly #lost: Loss;

  constructor(key: Key, token: number, lost: Loss, check: () => void) {
    [this.key, this.token, this.check] = [key, token, check];
    this.onLost = lost.onLost;
    this.#lost = lost;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }
}

type TryFlock = (fd: number, mode: 'exclusive') => boolean;

// A file that was removed while we waited locks nothing: others lock the new one.
function lockNew(site: Site, key: Key, text: string, tryFlock: TryFlock): KeyFiles | undefined {
  const path = site.layout.lockOf(key);
  for (;;) {
    const fd = openNoFollow(path, constants.O_RDWR | constants.O_CREAT);
    let stat: Stats | undefined;
    try {
      if (!tryFlock(fd, 'exclusive')) return undefined;
      stat = statOfOurs(fd, path);
      if (stat.nlink > 0)
        return { text, file: { fd, stat }, path, journal: journalWriter(site, key) };
      stat = undefined;
    } finally {
      if (stat === undefined) closeSync(fd);
    }
  }
}

function closeAll({ file, journal }: KeyFiles): void {
  journal.close();
  closeSync(file.fd);
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
