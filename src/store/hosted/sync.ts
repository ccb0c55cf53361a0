import type { JournalLine, JournalWriter } from '../embedded/writer.ts';
import { decodeRecord } from '../record.ts';
import { restoreActor, type Restored } from '../redis/actors.ts';
import type { Connection } from '../redis/connection.ts';
import { headOf, type Head } from '../redis/head.ts';
import type { Granted } from '../redis/leases.ts';
import type { Key, StoredRecord } from '../store.ts';

/** Most lines of an actor that are put back into Redis. */
const RESTORED_MOST = 256;

/**
 * Makes Redis and the host's own journal agree on an actor, under its lease.
 *
 * The host's journal is right about the host: nothing is begun before it is written there. Redis
 * knows more only in two cases: of a step whose writer died between the two, and after the host
 * has lost its files.
 *
 * @param isAhead the host has written while Redis was away
 */
export async function syncActor(
  connection: Connection,
  granted: Granted,
  journal: JournalWriter,
  isAhead: boolean
): Promise<void> {
  const head = granted.head!;
  const last = journal.last();
  if (head.hash === (last?.hash ?? '') && (last !== undefined || head.line === '')) return;
  const record = isAhead ? undefined : recordIn(head, granted.lease.key);
  const follows = last === undefined || record?.prev === last.hash;
  if (record !== undefined && follows) {
    journal.write(lineOf(head, record));
    return;
  }
  const restored = restoredFrom(last === undefined ? [] : journal.lines(), head);
  await restoreActor(connection, granted, restored);
  granted.head = headOf(restored.last);
}

/** The actor's last line and those before it that Redis lacks; all, where Redis went another way. */
function restoredFrom(lines: readonly string[], head: Head): Restored {
  const known = lines.findLastIndex((line) => headOf(line).hash === head.hash);
  const missing = lines.slice(known + 1);
  return {
    last: lines.at(-1) ?? '',
    lines: missing.slice(-RESTORED_MOST),
    anew: known === -1
  };
}

/** @returns `undefined` for a line that is damaged, or none: the host's own replaces it */
function recordIn({ line }: Head, key: Key): StoredRecord | undefined {
  try {
    return line === '' ? undefined : decodeRecord(Buffer.from(line), key);
  } catch {
    return undefined;
  }
}

function lineOf({ line, hash, seq, token }: Head, { prev, time }: StoredRecord): JournalLine {
  return { line: Buffer.from(`${line}\n`), hash, seq, time, token, prev };
}
