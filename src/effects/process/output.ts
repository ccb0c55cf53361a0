import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** What a program writes to one of its streams. */
export interface Output {
  /** Its head, as far as it has come. */
  text(): string;
  readonly bytes: number;
  readonly isClosed: boolean;
  /** Resolves when nothing more can come. */
  readonly closed: Promise<void>;
}

/** Keeps the head of a stream and reads on, so that its writer never blocks. */
export function collect(stream: Readable, mostBytes: number, onOverflow: () => void): Output {
  const chunks: Buffer[] = [];
  const state = { bytes: 0, isClosed: false };
  const closed = new Promise<void>((resolve) => {
    const close = () => {
      state.isClosed = true;
      resolve();
    };
    stream.once('end', close).once('close', close).once('error', close);
  });
  stream.on('data', (chunk: Buffer) => {
    const room = mostBytes - state.bytes;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    state.bytes += chunk.length;
    if (state.bytes > mostBytes) onOverflow();
  });
  return {
    closed,
    text: () => Buffer.concat(chunks).toString('utf8'),
    get bytes() {
      return state.bytes;
    },
    get isClosed() {
      return state.isClosed;
    }
  };
}

/**
 * Waits until all that a program that has ended wrote was read, and at most `ms` for whoever else
 * holds its streams.
 *
 * @returns whether nobody holds them any more
 */
export async function drained(outputs: readonly Output[], ms: number): Promise<boolean> {
  if (outputs.every(({ isClosed }) => isClosed)) return true;
  if (await within(ms, Promise.all(outputs.map(({ closed }) => closed)))) return true;
  // Timers come before pipes: where this process was kept from running, time is up before
  // anything was read.
  for (let turns = 0, before = -1; turns < TURNS_MAX && before !== bytesOf(outputs); turns++) {
    before = bytesOf(outputs);
    await turn();
    await turn();
  }
  return outputs.every(({ isClosed }) => isClosed);
}

/** More than the contents of a full pipe take. */
const TURNS_MAX = 16;

function bytesOf(outputs: readonly Output[]): number {
  return outputs.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** @returns whether it settled in time */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
