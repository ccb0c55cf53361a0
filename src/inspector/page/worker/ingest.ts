// Takes in lines, from wherever they come, and goes on past those that can't be read.
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { RecordIndex } from './index.ts';
import { BadFile, BOUNDS, linesOf, textStream } from './lines.ts';
import type { Counts, Opened } from './protocol.ts';

export interface Ingest {
  text(text: string): void;
  file(file: Blob): Promise<Opened>;
  faults(): Pick<Counts, 'bad' | 'reason'>;
  clear(): void;
}

/** Of a recording's other lines; there are a handful. */
const EXTRAS_MAX = 1_000;
/** A report or another JSON file is read as a whole. */
const WHOLE_MAX_BYTES = 64 * 1024 * 1024;
const FILE_PIECE_BYTES = 1024 * 1024;

export function ingesting(index: RecordIndex, onChange: () => void): Ingest {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let bad = 0;
  let reason: string | null = null;
  let told = 0;
  let scheduled: ReturnType<typeof setTimeout> | undefined;
  const filePieces = new WeakMap<Blob, { start: number; piece: number }>();

  return {
    text(text) {
      for (const line of text.split('\n')) {
        if (line !== '') take(line, () => index.pieces.keep(encoder.encode(line)), []);
      }
      changed();
    },
    file,
    faults: () => ({ bad, reason }),
    clear() {
      [bad, reason] = [0, null];
    }
  };

  async function file(given: Blob): Promise<Opened> {
    const before = bad;
    let records = 0;
    const extras: Json[] = [];
    const isPlain = !(await isZipped(given));
    for await (const lines of linesOf(await textStream(given), BOUNDS)) {
      for (const { bytes, offset } of lines) {
        const text = decoder.decode(bytes);
        // A file stays where it is, and its records are read from there again.
        const place = isPlain
          ? () => placeInFile(given, offset, bytes.length)
          : () => index.pieces.keep(bytes);
        if (take(text, place, extras)) records += 1;
      }
      changed();
    }
    const opened = { records, bad: bad - before };
    if (opened.records === 0 && opened.bad > 0) {
      const whole = await wholeOf(given);
      // A record that can't be read is none the better for being a file of its own.
      if (whole !== undefined && !whole.some((one) => 'event' in one)) {
        bad = before;
        onChange();
        return { records: 0, bad: 0, reason: null, extras: whole.slice(0, EXTRAS_MAX) };
      }
    }
    onChange();
    return { ...opened, reason: opened.bad > 0 ? reason : null, extras };
  }

  /** @returns whether it was a record */
  function take(
    text: string,
    place: () => ReturnType<typeof index.pieces.keep>,
    extras: Json[]
  ): boolean {
    try {
      const extra = index.add(text, place);
      if (extra !== undefined && extras.length < EXTRAS_MAX) extras.push(extra);
      return extra === undefined;
    } catch (error) {
      bad += 1;
      reason ??= error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  function placeInFile(given: Blob, offset: number, length: number) {
    let at = filePieces.get(given);
    if (at === undefined || offset + length > at.start + FILE_PIECE_BYTES) {
      const end = Math.max(offset + FILE_PIECE_BYTES, offset + length);
      at = { start: offset, piece: index.pieces.point(given, offset, end) };
      filePieces.set(given, at);
    }
    return { piece: at.piece, offset: offset - at.start, length };
  }

  // Whoever shows it is told ten times a second.
  function changed(): void {
    const now = performance.now();
    if (now - told < 100) {
      scheduled ??= setTimeout(() => {
        scheduled = undefined;
        told = performance.now();
        onChange();
      }, 100);
      return;
    }
    told = now;
    onChange();
  }
}

async function isZipped(file: Blob): Promise<boolean> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}

/** A file that is one JSON object over many lines, or an array of them, as a report of a replay is. */
async function wholeOf(file: Blob): Promise<readonly JsonObject[] | undefined> {
  if (file.size > WHOLE_MAX_BYTES) return undefined;
  try {
    const value = JSON.parse(await new Response(await textStream(file)).text()) as Json;
    const all = Array.isArray(value) ? value : [value];
    return all.every(isJsonObject) ? all : undefined;
  } catch (error) {
    if (error instanceof BadFile || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
