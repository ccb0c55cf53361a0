import { MooringError } from '../../model/failure.ts';
import { keyText, type Key, type Lease } from '../store.ts';
import { onAbortOf } from '../loss.ts';
import { headOf, type Head } from './head.ts';
import type { HostKeys } from './keys.ts';
import { questionOf, safeUntil, type QuestionParts } from './question.ts';
import { runLease, type Instant, type RunningLease } from './running-lease.ts';

/** A lease that Redis has given, and what it told of the actor at that moment. */
export interface Granted {
  readonly lease: Lease;
  readonly keys: HostKeys;
  /** Unique for ever: what Redis knows the holder by. */
  readonly owner: string;
  /** The actor's last record as it is known here; `undefined` when that has to be read again. */
  head: Head | undefined;
  /** Who has taken the container over, JSON; `''` when nobody has. */
  readonly taken: string;
  /** Redis has renewed it with a command sent before `until` was made. */
  renewed(until: Instant): void;
  /** Redis says that it is not ours. @returns what to throw */
  lost(reason: string): MooringError;
}

export interface AskOptions {
  /** 0 asks once. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** A token that this one must exceed. */
  readonly above?: number | undefined;
}

export interface Leases {
  /**
   * @returns `undefined` when it was asked for once, and another has it
   * @throws MooringError `lease.timedOut`, `store.…`; the signal's reason
   */
  acquire(keys: HostKeys, key: Key, options: AskOptions): Promise<Granted | undefined>;
  /** What is held of an actor, unless it is known to be lost. */
  of(keys: HostKeys, key: Key): Granted | undefined;
  /** @throws MooringError `lease.lost` when it is known to be lost, or was given up */
  held(lease: Lease): Granted;
  release(lease: Lease): Promise<void>;
  releaseAll(): Promise<void>;
  nextUntil(): Instant;
}

/** Of a lease's life, after which it is renewed. */
const RENEW_SHARE = 0.2;

export function leasesOf(parts: QuestionParts): Leases {
  const { connection } = parts;
  const held = new Map<Lease, { readonly granted: Granted; readonly running: RunningLease }>();
  const byKey = new Map<string, Granted>();

  return {
    acquire,
    of(keys, key) {
      const granted = byKey.get(keys.lease(key));
      // Of one that is lost others know more.
      return granted?.lease.signal.aborted ? undefined : granted;
    },
    held(lease) {
      const found = held.get(lease);
      if (found === undefined) throw lostError(lease, 'was given up before');
      found.running.check();
      return found.granted;
    },
    release,
    async releaseAll() {
      await Promise.all([...held.keys()].map(release));
    },
    nextUntil: () => safeUntil(connection)
  };

  async function release(lease: Lease): Promise<void> {
    const found = held.get(lease);
    if (found === undefined) return;
    held.delete(lease);
    const name = found.granted.keys.lease(lease.key);
    if (byKey.get(name) === found.granted) byKey.delete(name);
    await found.running.release();
  }

  async function acquire(
    keys: HostKeys,
    key: Key,
    { timeoutMs, signal, above = 0 }: AskOptions
  ): Promise<Granted | undefined> {
    signal?.throwIfAborted();
    const wanted = { keys, key, above, waits: timeoutMs > 0 };
    const question = questionOf(parts, wanted, () => running.freed());
    const renewMs = connection.address.leaseMs * RENEW_SHARE;
    const running = runLease({ key: keyText(key), timeoutMs, renewMs }, question);
    const withdraw = () => running.withdraw({ code: 'lease.withdrawn', message: 'withdrawn' });
    signal?.addEventListener('abort', withdraw, { once: true });
    try {
      const token = await running.granted;
      return token === undefined ? undefined : keep(token);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', withdraw);
      question.end();
    }

    function keep(token: number): Granted {
      const { owner, found } = question;
      const { signal, check } = running;
      const lease: Lease = { key, token, signal, onLost: onAbortOf(signal), check };
      const granted: Granted = {
        lease,
        keys,
        owner,
        head: headOf(found.line),
        taken: found.taken,
        renewed: running.goodUntil,
        lost(reason) {
          const error = lostError(lease, reason);
          running.lost(error.failure);
          return error;
        }
      };
      held.set(lease, { granted, running });
      byKey.set(keys.lease(key), granted);
      return granted;
    }
  }
}

function lostError(lease: Lease, reason: string): MooringError {
  return new MooringError(
    'lease.lost',
    `the lease on ${keyText(lease.key)} (token ${lease.token}) ${reason}`
  );
}
