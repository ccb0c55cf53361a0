import { failureOf, MooringError } from '../../model/failure.ts';
import { encodeRecord } from '../record.ts';
import { keyText, type Commit, type Key, type Kind, type ListedActor } from '../store.ts';
import type { Connection } from './connection.ts';
import { actorOf, headOf, type Head } from './head.ts';
import { fieldOf, sharedKeys, type HostKeys } from './keys.ts';
import type { Granted } from './leases.ts';
import { safeUntil } from './question.ts';
import { COMMIT, FORGET, RESTORE } from './scripts/commit.ts';

/** A line on its way to Redis. */
export interface NextLine {
  readonly text: string;
  readonly hash: string;
  readonly seq: number;
  /** Hash of the line before. */
  readonly prev: string;
}

/** An ended life's journal can be read for so long, if the stream still has it. */
const PAST_MS = 24 * 3_600_000;
/** A commit waits longer than new work does: what has begun is better finished. */
export const COMMIT_WITHIN_MS = 1_500;

/** Where an actor's last record stands. */
export async function readHead(connection: Connection, keys: HostKeys, key: Key): Promise<Head> {
  const field = fieldOf(key);
  const line = await connection.call((client) => client.hget(keys.actors(key.kind), field), {
    doing: `reading ${field}`
  });
  return headOf(line ?? '');
}

/**
 * Writes the next line of an actor, in one round trip.
 *
 * @throws MooringError `lease.lost`, `store.moved`, and nothing is written; `store.…`, and the next look tells
 */
export async function writeLine(
  connection: Connection,
  { keys, lease, owner, renewed, lost }: Granted,
  line: NextLine
): Promise<void> {
  const { leaseMs, events } = connection.address;
  const { key, token } = lease;
  const field = fieldOf(key);
  const until = safeUntil(connection);
  const answer = await connection.run(
    COMMIT,
    {
      keys: [keys.lease(key), keys.actors(key.kind), keys.journal, keys.log(key)],
      args: [owner, token, leaseMs, field, line.prev, line.text, line.hash, events, keys.news]
    },
    { doing: `committing ${field}`, withinMs: COMMIT_WITHIN_MS }
  );
  if (answer === 'lost') throw lost('was lost: Redis has it under another owner, or no more');
  if (answer !== 'written') {
    throw new MooringError(
      'store.moved',
      `committing ${field}: Redis has another last record than the one before; was it restored?`
    );
  }
  renewed(until);
}

/** @throws MooringError `lease.lost` */
export async function dropActor(
  connection: Connection,
  { keys, lease, owner, lost }: Granted
): Promise<void> {
  const { leaseMs, prefix } = connection.address;
  const { key, token } = lease;
  const field = fieldOf(key);
  const answer = await connection.run(
    FORGET,
    {
      keys: [
        keys.lease(key),
        keys.queue(key),
        keys.actors(key.kind),
        keys.log(key),
        keys.past(key),
        keys.taken
      ],
      args: [owner, token, field, PAST_MS, leaseMs, sharedKeys(prefix).wake('')]
    },
    { doing: `dropping ${field}`, withinMs: COMMIT_WITHIN_MS }
  );
  if (answer === 'lost') throw lost('was lost: Redis has it under another owner, or no more');
}

/** @param head of the line before */
export function nextLine(
  head: Head,
  { time, host, boot, lease: { key, token } }: LineFrame,
  commit: Commit
): NextLine {
  const { hash: prev, seq } = head;
  const frame = { seq: seq + 1, time, host, boot, key: keyText(key), token, prev };
  const { line, hash } = encodeRecord(frame, commit);
  return { text: line.toString('utf8', 0, line.length - 1), hash, seq: seq + 1, prev };
}

export interface LineFrame extends Pick<Granted, 'lease'> {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly host: string;
  readonly boot: string;
}

/** Every actor of a kind, by id. */
export async function listActors(
  connection: Connection,
  keys: HostKeys,
  kind: Kind
): Promise<readonly ListedActor[]> {
  return [...(await readLines(connection, keys, kind))]
    .map(([field, line]) => listed(kind, field, line))
    .toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1));
}

/** The last line of every actor of a kind, unchecked, by its field. */
export async function readLines(
  connection: Connection,
  keys: HostKeys,
  kind: Kind
): Promise<ReadonlyMap<string, string>> {
  const name = keys.actors(kind);
  const lines = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, found] = await connection.call(
      (client) => client.hscan(name, cursor, 'COUNT', 256),
      { doing: `listing the ${kind}s of ${keys.host}` }
    );
    // While the table grows a field may come twice.
    for (let index = 0; index < found.length; index += 2) {
      lines.set(found[index]!, found[index + 1]!);
    }
    cursor = next;
  } while (cursor !== '0');
  return lines;
}

function listed(kind: Kind, field: string, line: string): ListedActor {
  const key = { kind, id: field.slice(kind.length + 1) };
  try {
    if (fieldOf(key) !== field) throw new MooringError('store.corrupt', `${field} is no ${kind}`);
    return { key, actor: actorOf(line, key) };
  } catch (error) {
    return { key, failure: failureOf(error, 'store') };
  }
}

export interface Restored {
  /** The actor's last line; `''` when there is no such actor. */
  readonly last: string;
  /** What the journal in Redis lacks, the oldest first. */
  readonly lines: readonly string[];
  /** Whether what the journal has of the actor is none of these lines' past. */
  readonly anew: boolean;
}

/**
 * Puts an actor where its host knows it to rest.
 *
 * @throws MooringError `lease.lost`, `store.…`
 */
export async function restoreActor(
  connection: Connection,
  { keys, lease, owner, lost }: Granted,
  { last, lines, anew }: Restored
): Promise<void> {
  const { key, token } = lease;
  const field = fieldOf(key);
  const answer = await connection.run(
    RESTORE,
    {
      keys: [
        keys.lease(key),
        keys.actors(key.kind),
        keys.journal,
        keys.log(key),
        keys.past(key),
        keys.taken
      ],
      args: [
        ...[owner, token, field, last, connection.address.events, keys.news],
        ...[anew ? 1 : 0, PAST_MS],
        ...lines
      ]
    },
    { doing: `putting back ${field}`, withinMs: COMMIT_WITHIN_MS }
  );
  if (answer === 'lost') throw lost('was lost: Redis has it under another owner, or no more');
}
