import { nanoid } from 'nanoid';
import type { LeaseEvent } from '../../machines/lease.ts';
import { failureOf, MooringError } from '../../model/failure.ts';
import { keyText, type Key } from '../store.ts';
import type { Connection } from './connection.ts';
import { holderText, isDead, parseHolder, type Holder } from './holder.ts';
import { fieldOf, sharedKeys, type HostKeys } from './keys.ts';
import { OUT_OF_PATIENCE, patienceOf } from './patience.ts';
import { instantAfter, msUntil, type Instant, type LeasePorts } from './running-lease.ts';
import { ACQUIRE } from './scripts/acquire.ts';
import { RELEASE, RENEW } from './scripts/release.ts';
import type { Notice, Wakes } from './wakes.ts';

export interface QuestionParts {
  readonly connection: Connection;
  readonly wakes: Wakes;
  readonly self: Holder;
  /** Whose the host's name is; `''` on a visit to another's. */
  readonly root: string;
}

/** One question for a lease: what goes to Redis for it, and what came back. */
export interface Question extends LeasePorts {
  readonly owner: string;
  /** As of `Granted`, once it is. */
  readonly found: { line: string; taken: string };
  /** Nobody waits for it any more. */
  end(): void;
}

/** Of a lease's life, what is kept back for ending what runs under it. */
const MARGIN_SHARE = 0.3;
/** Of a lease's life, after which a waiter asks again unless it is told before. */
const RETRY_SHARE = 0.3;

/** It ends by itself where it can't be given back: nobody waits long for that. */
const RELEASE_WITHIN_MS = 500;

/** Until when a lease is good that is granted or renewed by a command sent now. */
export function safeUntil({ address }: Connection): Instant {
  return instantAfter(address.leaseMs * (1 - MARGIN_SHARE));
}

export interface Wanted {
  readonly keys: HostKeys;
  readonly key: Key;
  /** A token that the lease's must exceed. */
  readonly above: number;
  /** Whether to queue up when another has it. */
  readonly waits: boolean;
}

/** @param onFreed called when it may be free */
export function questionOf(
  { connection, wakes, self, root }: QuestionParts,
  { keys, key, above, waits }: Wanted,
  onFreed: () => void
): Question {
  const { leaseMs, patienceMs, prefix, replicas } = connection.address;
  const owner = nanoid();
  const field = fieldOf(key);
  const doing = `the lease on ${keyText(key)}`;
  const channels = sharedKeys(prefix).wake('');
  const found: Question['found'] = { line: '', taken: '' };
  let notice: Notice | undefined;
  let gone = '';
  let hasLeft = false;

  return { owner, found, ask, leave, renew, giveBack, end: () => notice?.end() };

  async function ask(): Promise<LeaseEvent> {
    try {
      const answer = await put();
      // Only who finds it taken needs to hear when it is free.
      if (answer.type !== 'lease.taken' || !waits || notice !== undefined) return answer;
      notice = wakes.expect(onFreed);
      await inTime(notice.listen());
      return await put();
    } catch (error) {
      return { type: 'lease.askFailed', failure: failureOf(error, 'store') };
    }
  }

  async function put(): Promise<LeaseEvent> {
    // Nothing may come behind the command that takes it all back.
    if (hasLeft) throw new MooringError('lease.withdrawn', `${doing} is not waited for`);
    const until = safeUntil(connection);
    const reply = await replicated();
    switch (reply[0]) {
      case 'granted':
        Object.assign(found, { line: reply[2], taken: reply[3] });
        return { type: 'lease.granted', token: Number(reply[1]), forMs: msUntil(until) };
      case 'foreign':
        throw new MooringError(
          'store.hostTaken',
          `host name ${keys.host} is another machine's or another root's in ${connection.address.text}; give this one a name of its own`
        );
      default:
        return taken(Number(reply[1]), reply[2] ?? '', reply[3] ?? '');
    }
  }

  async function taken(leftMs: number, text: string, by: string): Promise<LeaseEvent> {
    const holder = parseHolder(text);
    // What the dead one left running is looked for by whoever goes on.
    if (holder !== undefined && gone !== by && isDead(holder, self)) {
      gone = by;
      return put();
    }
    const soonMs = leaseMs * RETRY_SHARE;
    // A free one is for whoever waits longest, who has been told.
    const forMs = leftMs > 0 ? Math.min(leftMs + 1, soonMs) : soonMs;
    return {
      type: 'lease.taken',
      holder: holderText(holder, self),
      forMs,
      queued: notice !== undefined
    };
  }

  async function replicated(): Promise<readonly string[]> {
    const asked = connection.run(
      ACQUIRE,
      {
        keys: [
          keys.lease(key),
          keys.queue(key),
          keys.token,
          keys.about,
          keys.actors(key.kind),
          keys.taken
        ],
        args: [
          owner,
          JSON.stringify({ v: 1, ...self }),
          leaseMs,
          above,
          notice?.id ?? '',
          leaseMs,
          gone,
          field,
          root,
          self.boot
        ]
      },
      { doing }
    );
    if (replicas === 0) return (await asked) as string[];
    // Sent behind it on the same connection, so it counts who has got that far.
    const counted = connection.call((client) => client.wait(replicas, patienceMs / 2), { doing });
    const [reply, count] = await Promise.all([asked, counted]);
    if (count >= replicas || (reply as string[])[0] !== 'granted') return reply as string[];
    throw new MooringError(
      'store.notReplicated',
      `${doing}: ${count} of ${replicas} replicas have it`
    );
  }

  function leave(): void {
    hasLeft = true;
    end(notice?.id ?? '').catch(() => undefined);
  }

  async function giveBack(): Promise<void> {
    // It expires by itself when it can't be given back.
    await end('').catch(() => undefined);
  }

  function end(waiter: string): Promise<unknown> {
    const values = {
      keys: [keys.lease(key), keys.queue(key)],
      args: [owner, waiter, leaseMs, channels]
    };
    return connection.run(RELEASE, values, {
      doing,
      withinMs: Math.min(patienceMs, RELEASE_WITHIN_MS)
    });
  }

  async function renew(): Promise<LeaseEvent> {
    const until = safeUntil(connection);
    try {
      const values = { keys: [keys.lease(key)], args: [owner, leaseMs] };
      const isHeld = await connection.run(RENEW, values, { doing });
      if (isHeld === 1) return { type: 'lease.renewed', forMs: msUntil(until) };
      const message = `${doing} was lost: Redis has it under another owner, or no more`;
      return { type: 'lease.superseded', failure: { code: 'lease.lost', message } };
    } catch {
      return { type: 'lease.renewFailed' };
    }
  }

  async function inTime(listening: Promise<void>): Promise<void> {
    try {
      await patienceOf(patienceMs).until(listening);
    } catch (error) {
      // Without notices it is asked again now and then.
      if (error !== OUT_OF_PATIENCE) throw error;
    }
  }
}
