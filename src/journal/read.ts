import { closeSync, openSync, readSync } from 'node:fs';
import { MooringError } from '../model/failure.ts';

/** Whole lines, without their newlines, each valid until the next is asked for. */
export interface JournalSource {
  /** What it is called in messages: a path. */
  readonly name: string;
  lines(): Iterable<Buffer>;
}

/** A file on disk, of which never more than a line and a read is in memory. */
export function fileSource(path: string): JournalSource {
  return { name: path, lines: () => linesOfFile(path) };
}

/** Text that is at hand: a whole file, or its lines. */
export function textSource(text: string | readonly string[], name = 'the journal'): JournalSource {
  const all = typeof text === 'string' ? text.split('\n') : text;
  // What follows the last newline is a line that was cut off, unless it is nothing.
  const lines = all.at(-1) === '' ? all.slice(0, -1) : all;
  return { name, lines: () => lines.map((line) => Buffer.from(line)) };
}

/** No record is longer: a line that is was not written by us. */
export const LINE_MAX_BYTES = 16 * 1024 * 1024;

const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

function* linesOfFile(path: string): Generator<Buffer> {
  const fd = opened(path);
  try {
    let held = Buffer.alloc(READ_BYTES);
    let length = 0;
    for (;;) {
      if (length === held.length) held = grown(held, path);
      const count = readSync(fd, held, length, held.length - length, null);
      length += count;
      let from = 0;
      const filled = held.subarray(0, length);
      for (let at = filled.indexOf(NEWLINE); at !== -1; at = filled.indexOf(NEWLINE, from)) {
        yield filled.subarray(from, at);
        from = at + 1;
      }
      if (count === 0) {
        if (from < length) yield filled.subarray(from);
        return;
      }
      held.copyWithin(0, from, length);
      length -= from;
    }
  } finally {
    closeSync(fd);
  }
}

function grown(held: Buffer<ArrayBuffer>, path: string): Buffer<ArrayBuffer> {
  if (held.length > LINE_MAX_BYTES) {
    throw badFile(path, undefined, `a line is longer than ${LINE_MAX_BYTES} bytes`);
  }
  const larger = Buffer.alloc(held.length * 2);
  held.copy(larger);
  return larger;
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('journal.unreadable', `reading ${path}: ${reason}`, { cause: error });
  }
}

export function badFile(name: string, line: number | undefined, reason: string): MooringError {
  const where = line === undefined ? name : `${name} line ${line}`;
  return new MooringError('journal.bad', `${where}: ${reason}`);
}
