import type { MooringEvent } from '../bus/events.ts';
import { MooringError } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { expectLinked, expectSealed } from '../store/record.ts';
import type { StoredRecord } from '../store/store.ts';
import { cutter, REQUESTS, type Pieces } from './cut.ts';
import { hashes } from './file.ts';
import { unpack } from './parts.ts';

/** A record of a journal file as it stands there. It is good until the next is asked for. */
export interface RecordLine {
  /** Line of the file, from 1. */
  readonly number: number;
  readonly text: string;
  /** `undefined` when it has to be parsed. */
  readonly pieces: Pieces | undefined;
  /** `container/web` */
  readonly key: string;
  readonly seq: number;
  /** From 1; a key can live more than once, one life after the other. */
  readonly life: number;
  /** Parsed; from its text alone where it is cut. */
  event(): MooringEvent;
  /** Parsed, once, as it was before parts were taken out of it. */
  record(): StoredRecord;
  /** Says which hash it names, which spares the parsing that it takes to check the chain. */
  follows(prev: string): void;
}

/** Told of each part and what stands for it, before the record that has it. */
export type OnPart = (part: object, reference: string) => void;

/** The line does not end as a whole one does, or its hash is another's. */
export class Unsealed extends Error {
  override readonly name = 'Unsealed';
}

/** What was read of one key so far. */
interface Known {
  readonly key: string;
  lives: number;
  last: { readonly seq: number; readonly hash: string } | undefined;
  /** What its references stand for; most keys have none. */
  parts: Map<string, Json> | undefined;
}

/**
 * Reads the records of one file, one after the other, into the same object: of a million lines
 * none is to leave more behind than its text.
 */
export class LineReader implements RecordLine {
  number = 0;
  text = '';
  pieces: Pieces | undefined;
  records = 0;
  readonly sums = hashes();
  readonly #cutter = cutter();
  readonly #keys = new Map<string, Known>();
  /** Journals of one host have the same conflists, and one of each is kept. */
  readonly #parts = new Map<string, Json>();
  readonly #onPart: OnPart;
  #hash = '';
  /** What is known of the key of this line. */
  #own!: Known;
  #parsed: StoredRecord | undefined;
  #isLinked = false;

  constructor(onPart: OnPart) {
    this.#onPart = onPart;
  }

  /** @throws Unsealed, or Error when it is no record */
  open(line: Buffer, number: number): void {
    this.#hash = sealOf(line);
    this.number = number;
    this.text = line.toString();
    this.pieces = this.#cutter.cut(this.text);
    this.#parsed = undefined;
    this.#isLinked = false;
    this.sums.add(this.#hash);
    this.records += 1;
    const parsed = this.pieces ? undefined : parseRecord(this.text);
    this.#own = this.#known(parsed ? parsed.key : this.pieces!.frame.key);
    if (parsed) this.#parsed = this.#unpacked(parsed);
  }

  /** @throws Error when it does not follow from the record before it of its key */
  close(): void {
    const { last } = this.#own;
    if (!this.#isLinked) expectLinked(this.#isNew ? undefined : last, this.record());
    if (this.#isNew) this.#own.lives += 1;
    this.#own.last = { seq: this.seq, hash: this.#hash };
  }

  get key(): string {
    return this.#own.key;
  }

  get seq(): number {
    return this.pieces ? this.pieces.seq : this.record().seq;
  }

  get life(): number {
    return this.#own.lives + (this.#isNew ? 1 : 0);
  }

  event(): MooringEvent {
    const alone = this.#eventAlone();
    if (alone === undefined) return this.record().event;
    unpack(alone, (reference) => {
      // A part that is not known yet comes with this record.
      if (this.#own.parts?.has(reference) !== true) this.record();
      return this.#part(reference);
    });
    return alone;
  }

  record(): StoredRecord {
    return (this.#parsed ??= this.#unpacked(parseRecord(this.text)));
  }

  follows(prev: string): void {
    const { last } = this.#own;
    this.#isLinked =
      last === undefined || this.#isNew
        ? this.seq === 1 && prev === ''
        : last.seq + 1 === this.seq && last.hash === prev;
  }

  get #isNew(): boolean {
    return this.#own.last !== undefined && this.seq === 1;
  }

  #eventAlone(): MooringEvent | undefined {
    if (this.pieces === undefined) return undefined;
    const { event, requests } = this.pieces;
    try {
      return JSON.parse(this.text.slice(event, requests - REQUESTS.length + 1)) as MooringEvent;
    } catch {
      return undefined;
    }
  }

  #known(key: string): Known {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = { key, lives: 1, last: undefined, parts: undefined };
      this.#keys.set(key, known);
    }
    return known;
  }

  #unpacked(record: StoredRecord): StoredRecord {
    for (const [reference, part] of Object.entries(record.parts ?? {})) {
      const parts = (this.#own.parts ??= new Map<string, Json>());
      if (!parts.has(reference)) parts.set(reference, this.#shared(reference, part));
    }
    const { event, requests, snapshot, earlier } = record;
    unpack([event, requests, snapshot, earlier], (reference) => this.#part(reference));
    return record;
  }

  #shared(reference: string, part: Json): Json {
    const known = this.#parts.get(reference);
    // What a file says that a reference stands for need not be what it says elsewhere.
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(part)) return known;
    this.#parts.set(reference, part);
    if (typeof part === 'object' && part !== null) this.#onPart(part, reference);
    return part;
  }

  #part(reference: string): Json {
    const part = this.#own.parts?.get(reference);
    if (part === undefined) throw new Error(`${reference} stands for nothing`);
    return part;
  }
}

/** What the first or the last line says. */
export function parseFrame(line: Buffer): JsonObject {
  sealOf(line);
  const value: unknown = JSON.parse(line.toString());
  if (!isJsonObject(value)) throw new Error('it is not an object');
  expectVersion(value);
  return value;
}

function parseRecord(text: string): StoredRecord {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('it is not an object');
  expectVersion(value);
  for (const field of ['key', 'machine', 'prev']) {
    if (typeof value[field] !== 'string') throw new Error(`it has no ${field}`);
  }
  if (!Number.isSafeInteger(value['seq'])) throw new Error('it has no sequence number');
  if (!isJsonObject(value['event']) || typeof value['event']['type'] !== 'string') {
    throw new Error('it has no event');
  }
  if (!Array.isArray(value['requests'])) throw new Error('it has no requests');
  return value as unknown as StoredRecord;
}

function sealOf(line: Buffer): string {
  try {
    return expectSealed(line);
  } catch (error) {
    throw new Unsealed(error instanceof Error ? error.message : String(error));
  }
}

function expectVersion({ v }: JsonObject): void {
  if (v === 1) return;
  throw new MooringError(
    'journal.badVersion',
    `format ${JSON.stringify(v)} is not known, this version reads 1`
  );
}
