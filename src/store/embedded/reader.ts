import { closeSync, fstatSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { decodeRecord, expectLinked, isSealed, SEAL_BYTES } from '../record.ts';
import type { Key, StoredRecord } from '../store.ts';
import { openIfPresent, readAt } from './files.ts';

export interface Tail {
  /** The last whole record; `undefined` when the file holds none. */
  readonly record: StoredRecord | undefined;
  /** Bytes of whole lines; what follows was cut off while it was written. */
  readonly end: number;
  /** Bytes in all. */
  readonly size: number;
}

/**
 * Reads where a journal ends, without reading the rest.
 *
 * @param size of the file, when the caller has just seen it
 * @throws MooringError `store.corrupt` naming file and line
 */
export function readTail(
  fd: number,
  path: string,
  key: Key,
  size: number = fstatSync(fd).size
): Tail {
  try {
    return tailOf(fd, path, key, size);
  } catch {
    // A cut line that is being replaced can be seen half old and half new.
    return tailOf(fd, path, key, fstatSync(fd).size);
  }
}

/** The last record of the file at `path`; `undefined` when there is no file or no whole record. */
export function readLast(path: string, key: Key): StoredRecord | undefined {
  const file = openIfPresent(path);
  if (file === undefined) return undefined;
  try {
    return readTail(file.fd, path, key, file.stat.size).record;
  } finally {
    closeSync(file.fd);
  }
}

export interface Line {
  /** Without its newline; valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** Offset behind its newline. */
  readonly end: number;
}

/** Whole lines from an offset that begins one. */
export function* linesFrom(fd: number, offset: number): Generator<Line> {
  let [start, window] = [offset, WINDOW_BYTES];
  for (;;) {
    const chunk = readAt(fd, start, window);
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield { bytes: chunk.subarray(from, at), end: start + at + 1 };
      from = at + 1;
    }
    if (chunk.length < window) return;
    if (from === 0) window *= 4;
    start += from;
  }
}

/**
 * Records of one file, the chain checked from line to line.
 *
 * @param last the record before the file's first
 * @throws MooringError `store.corrupt` naming file and line
 */
export function* recordsOf(
  fd: number,
  path: string,
  key: Key,
  last: StoredRecord | undefined
): Generator<StoredRecord> {
  let [previous, number, end] = [last, 0, 0];
  for (const line of linesFrom(fd, 0)) {
    number += 1;
    previous = at(path, number, () => decodeLinked(line.bytes, key, previous));
    end = line.end;
    yield previous;
  }
  expectTorn(readAt(fd, end, fstatSync(fd).size - end), path, () => number + 1);
}

/** Offset behind the last whole line. */
export function endOfLines(fd: number, size: number): number {
  for (let window = 4096; ; window *= 4) {
    const start = Math.max(0, size - window);
    const newline = readAt(fd, start, size - start, SCRATCH).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    if (start === 0) return 0;
  }
}

const WINDOW_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

// Reads are synchronous and what is kept of them is copied, so one buffer serves all.
const SCRATCH = Buffer.allocUnsafeSlow(WINDOW_BYTES);

function tailOf(fd: number, path: string, key: Key, size: number): Tail {
  for (let window = WINDOW_BYTES; ; window *= 4) {
    const start = Math.max(0, size - window);
    const bytes = readAt(fd, start, size - start, SCRATCH);
    const last = bytes.lastIndexOf(NEWLINE);
    const before = last > 0 ? bytes.lastIndexOf(NEWLINE, last - 1) : -1;
    // The line must be whole, and the hash that ends the one before it in sight.
    if (start > 0 && before < SEAL_BYTES) continue;
    const lineAt = (offset: number) => () => lineNumber(fd, start + offset);
    expectTorn(bytes.subarray(last + 1), path, lineAt(last + 1));
    if (last === -1) return { record: undefined, end: 0, size };
    const record = at(path, lineAt(before + 1), () => {
      const found = decodeRecord(bytes.subarray(before + 1, last), key);
      if (before === -1) expectLinked(undefined, found);
      else expectLinked({ seq: found.seq - 1, hash: sealOf(bytes, before) }, found);
      return found;
    });
    return { record, end: start + last + 1, size };
  }
}

function sealOf(bytes: Buffer, newline: number): string {
  return bytes.toString('latin1', newline - 34, newline - 2);
}

function decodeLinked(line: Buffer, key: Key, last: StoredRecord | undefined): StoredRecord {
  const record = decodeRecord(line, key);
  expectLinked(last, record);
  return record;
}

// A cut line never reaches past its own hash: what does was whole once, and was changed.
function expectTorn(rest: Buffer, path: string, line: () => number): void {
  if (rest.at(-1) === NEWLINE || !isSealed(rest.subarray(0, -1))) return;
  throw corrupt(path, line(), 'the line end was overwritten');
}

function at<T>(path: string, line: number | (() => number), read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw corrupt(path, typeof line === 'number' ? line : line(), reason, error);
  }
}

function corrupt(path: string, line: number, reason: string, cause?: unknown): MooringError {
  return new MooringError('store.corrupt', `${path} line ${line}: ${reason}`, { cause });
}

function lineNumber(fd: number, offset: number): number {
  let number = 1;
  for (const { end } of linesFrom(fd, 0)) {
    if (end > offset) break;
    number += 1;
  }
  return number;
}
