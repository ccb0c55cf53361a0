// Lines of what comes in: as text, as a file, zipped or not, within bounds.

/** One line, and where it begins in what was given; its newline is left out. */
export interface ByteLine {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Bounds on what a file may do to the page. */
export interface LineBounds {
  /** A record is some kilobytes. */
  readonly lineMaxBytes: number;
  /** All of it, unzipped. */
  readonly totalMaxBytes: number;
}

export const BOUNDS: LineBounds = {
  lineMaxBytes: 16 * 1024 * 1024,
  totalMaxBytes: 8 * 1024 * 1024 * 1024
};

/** What can't be read, in one line for whoever gave it. */
export class BadFile extends Error {
  override readonly name = 'BadFile';
}

const NEWLINE = 10;

/** @throws BadFile when a bound is passed */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  bounds: LineBounds = BOUNDS
): AsyncGenerator<readonly ByteLine[]> {
  let rest = new Uint8Array();
  let [offset, total] = [0, 0];
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(unreadable);
      if (done) break;
      total += value.length;
      if (total > bounds.totalMaxBytes)
        throw new BadFile(`it is larger than ${bounds.totalMaxBytes} bytes`);
      const bytes = joined(rest, value);
      const { lines, used } = split(bytes, offset);
      if (lines.length > 0) yield lines;
      rest = bytes.subarray(used);
      offset += used;
      if (rest.length > bounds.lineMaxBytes) {
        throw new BadFile(`a line is longer than ${bounds.lineMaxBytes} bytes`);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (rest.length > 0) yield [{ bytes: rest, offset }];
}

// A file that is cut off, or no longer there, or not what its first bytes say.
function unreadable(error: unknown): never {
  if (error instanceof BadFile) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  throw new BadFile(`it can't be read to its end: ${reason}`);
}

function split(
  bytes: Uint8Array,
  offset: number
): { readonly lines: readonly ByteLine[]; readonly used: number } {
  const lines: ByteLine[] = [];
  let from = 0;
  for (;;) {
    const at = bytes.indexOf(NEWLINE, from);
    if (at < 0) return { lines, used: from };
    if (at > from) lines.push({ bytes: bytes.subarray(from, at), offset: offset + from });
    from = at + 1;
  }
}

function joined(rest: Uint8Array, next: Uint8Array): Uint8Array<ArrayBuffer> {
  if (rest.length === 0) return next as Uint8Array<ArrayBuffer>;
  const all = new Uint8Array(rest.length + next.length);
  all.set(rest);
  all.set(next, rest.length);
  return all;
}

/** How much a zipped file may grow: text of this kind shrinks to a twentieth, hardly to less than this. */
const RATIO_MAX = 400;

/** A stream of a file's text, unzipped where it is zipped. */
export async function textStream(file: Blob): Promise<ReadableStream<Uint8Array>> {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (head[0] !== 0x1f || head[1] !== 0x8b) return file.stream();
  return file
    .stream()
    .pipeThrough(
      new DecompressionStream('gzip') as unknown as TransformStream<
        Uint8Array<ArrayBuffer>,
        Uint8Array
      >
    )
    .pipeThrough(bounded(Math.max(file.size * RATIO_MAX, 1024 * 1024)));
}

function bounded(mostBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let total = 0;
  return new TransformStream({
    transform(chunk, controller) {
      total += chunk.length;
      if (total > mostBytes)
        controller.error(new BadFile('it grows beyond measure when it is unzipped'));
      else controller.enqueue(chunk);
    }
  });
}
