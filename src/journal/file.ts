import type { Json } from '../model/json.ts';
import { digest, seal } from '../store/record.ts';

/**
 * The first line of a journal file.
 *
 * Then come the records, a line each, those of one key in their order; the last line says how
 * many there are, so that a file which was cut off is told from a whole one.
 * Every line ends in the hash of what stands before it, and each record names the hash of the one
 * before it of its key.
 */
export interface JournalHeader {
  readonly v: 1;
  readonly journal: 'mooring';
  /** How to run it again, when it was not recorded but simulated. */
  readonly simulation?: Json;
}

/** The last line of a journal file. */
export interface JournalTrailer {
  readonly v: 1;
  readonly records: number;
  /** Digest of the hashes of all lines before, one after the other. */
  readonly lines: string;
}

/** Lines of a file as they are written, each ready to be followed by a newline. */
export interface LineWriter {
  header(simulation?: Json): string;
  record(record: object): { readonly line: string; readonly hash: string };
  trailer(): string;
}

export function lineWriter(): LineWriter {
  const sums = hashes();
  let records = 0;

  return {
    header: (simulation) =>
      write({ v: 1, journal: 'mooring', ...(simulation !== undefined && { simulation }) }).line,
    record(record) {
      records += 1;
      return write(record);
    },
    trailer: () => write({ v: 1, records, lines: sums.digest() }).line
  };

  function write(object: object): { readonly line: string; readonly hash: string } {
    const { line, hash } = seal(object);
    sums.add(hash);
    return { line: line.toString('utf8', 0, line.length - 1), hash };
  }
}

/** The digest of many hashes, taken as they come so that none need be kept. */
export interface Hashes {
  add(hash: string): void;
  digest(): string;
}

export function hashes(): Hashes {
  let pending: string[] = [];
  let sum = '';

  return {
    add(hash) {
      pending.push(hash);
      if (pending.length === BLOCK) fold();
    },
    digest() {
      const rest = pending.join('');
      return digest(`${sum}${rest}`);
    }
  };

  function fold(): void {
    sum = digest(`${sum}${pending.join('')}`);
    pending = [];
  }
}

const BLOCK = 256;
