import { hash } from 'node:crypto';
import { isJsonObject } from '../model/json.ts';
import {
  keyText,
  type Commit,
  type JournalRecord,
  type Key,
  type StoredActor,
  type StoredRecord
} from './store.ts';

/** What the store adds to a commit. */
export interface RecordFrame {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly host: string;
  readonly boot: string;
  readonly key: string;
  readonly token: number;
  readonly prev: string;
}

/**
 * One line of a journal, its newline included.
 *
 * The hash covers every byte before it, `prev` among them, so each line proves
 * itself and the lines form a chain.
 */
export function encodeRecord(frame: RecordFrame, commit: Commit): SealedLine {
  const { outstanding, requests, snapshot } = commit;
  const { seq, time, host, boot, key, token, prev } = frame;
  const earlier =
    outstanding.length === requests.length
      ? []
      : outstanding.filter(({ id }) => !requests.some((request) => request.id === id));
  const { machine, event, value, causation, correlation, spans = [] } = commit;
  return seal({
    v: 1,
    seq,
    time,
    host,
    boot,
    key,
    token,
    machine,
    event,
    requests,
    value,
    causation,
    correlation,
    ...(spans.length > 0 && { spans }),
    prev,
    snapshot,
    earlier
  });
}

export interface SealedLine {
  /** Its newline included; in memory that the next line is written to. */
  readonly line: Buffer;
  readonly hash: string;
}

/** A record, or whatever else a journal file has a line for, with its hash as its last field. */
export function seal(record: object): SealedLine {
  const text = JSON.stringify(record);
  // Encoded once, for the hash and for the file. Most a character takes is three bytes.
  const most = text.length * 3 + SEAL_BYTES;
  const bytes = most <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(most);
  const length = bytes.write(text) - 1;
  const sum = digest(bytes.subarray(0, length));
  const end = length + bytes.write(`,"hash":"${sum}"}\n`, length, 'latin1');
  return { line: bytes.subarray(0, end), hash: sum };
}

/**
 * Reads a line back.
 *
 * @param line without its newline
 * @throws Error saying what is wrong with it, for the caller to add where it stands
 */
export function decodeRecord(line: Buffer, key: Key): StoredRecord {
  expectSealed(line);
  const record: unknown = JSON.parse(line.toString());
  if (!isJsonObject(record)) throw new Error('it is not an object');
  if (record['v'] !== 1) throw new Error(`format ${JSON.stringify(record['v'])} is not known`);
  if (record['key'] !== keyText(key)) throw new Error(`it belongs to ${oneOf(record['key'])}`);
  if (!Number.isSafeInteger(record['seq'])) throw new Error('it has no sequence number');
  return record as unknown as StoredRecord;
}

/**
 * @returns the hash that the line ends in
 * @throws Error when it does not, or is another's
 */
export function expectSealed(line: Buffer): string {
  const end = line.length - SEAL_BYTES;
  const seal = end < 0 ? '' : line.toString('latin1', end);
  if (!seal.startsWith(',"hash":"') || !seal.endsWith('"}')) {
    throw new Error('the line does not end in its hash');
  }
  const sum = seal.slice(9, 41);
  if (!hash('sha256', line.subarray(0, end), 'hex').startsWith(sum)) {
    throw new Error('the hash does not match');
  }
  return sum;
}

/** Whether bytes end as a complete line does, before its newline. */
export function isSealed(line: Buffer): boolean {
  return line.length > SEAL_BYTES && SEAL.test(line.toString('latin1', line.length - SEAL_BYTES));
}

export const SEAL_BYTES = 43;

/** @throws Error when `next` does not follow `last`; `last` is `undefined` where a file begins */
export function expectLinked(
  last: { readonly seq: number; readonly hash: string } | undefined,
  next: StoredRecord
): void {
  if (last === undefined) {
    if ((next.seq === 1) !== (next.prev === '')) throw new Error('it is not the first of its life');
    return;
  }
  if (next.seq !== last.seq + 1) throw new Error(`record ${next.seq} follows record ${last.seq}`);
  if (next.prev !== last.hash) throw new Error('it does not follow from the record before');
}

export function journalRecordOf(stored: StoredRecord): JournalRecord {
  const { prev, snapshot, earlier, memory, parts, redacted, ...record } = stored;
  return record;
}

/** @throws Error when it was exported: nobody can go on from it */
export function storedActorOf(key: Key, stored: StoredRecord): StoredActor {
  const { seq, token, time, boot, machine, value, snapshot, earlier = [], requests } = stored;
  if (snapshot === undefined) throw new Error('it is an exported record, without a snapshot');
  const outstanding = [...earlier, ...requests];
  return { key, seq, token, time, boot, machine, value, snapshot, outstanding };
}

// A line is written before the next is made, so one buffer serves all.
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024);

const SEAL = /^,"hash":"[0-9a-f]{32}"\}$/;

/** The first 32 hex digits of its SHA-256. */
export function digest(data: string | Buffer): string {
  return hash('sha256', data, 'hex').slice(0, 32);
}

function oneOf(key: unknown): string {
  return typeof key === 'string' ? key : 'no actor';
}
