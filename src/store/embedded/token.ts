import { writeSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { readAt } from './files.ts';
import type { LockFiles } from './lock.ts';

/** The fencing tokens of a host, from 1. */
export interface Tokens {
  /** Draws a token of those that are reserved, as {@link reserve} does; `undefined` where none is left. */
  reserved(): number | undefined;
  /**
   * Reserves some and draws the first for a key. Only whose lock on that key is taken may call it.
   *
   * @throws MooringError `store.corrupt`, `store.busy`
   */
  reserve(signal?: AbortSignal): Promise<number>;
  /** The greatest that anybody has drawn, or was given elsewhere and has noted. */
  last(): number;
  /** Notes one that was given elsewhere: all that are drawn from now on are greater. */
  raise(token: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Tokens out of a counter that all processes share, reserved some at a time.
 *
 * The counter is one number of fixed width, overwritten in place: there is never less
 * than a whole number in the file once there is one. While it still says where this
 * process's own reservation ends, nobody has a greater token, so the rest of it is used up.
 * A process that drew a greater one for this key had moved the counter before, and had given
 * up its lock on the key since.
 */
export function tokensOf(locks: LockFiles, path: string): Tokens {
  let [given, end, text] = [0, 0, ''];

  return {
    reserved,

    reserve: (signal) =>
      locks.withLock(path, signal, (fd) => {
        given = counterIn(fd, path) + 1;
        end = given + RESERVED_TOKENS - 1;
        text = String(end).padStart(WIDTH, '0');
        writeSync(fd, text, 0);
        return given;
      }),

    last: () => locks.read(path, (fd) => counterIn(fd, path)),

    raise: (token, signal) =>
      locks.withLock(path, signal, (fd) => {
        if (counterIn(fd, path) < token) writeSync(fd, String(token).padStart(WIDTH, '0'), 0);
      })
  };

  function reserved(): number | undefined {
    if (given >= end || !locks.read(path, saysStill)) return undefined;
    given += 1;
    return given;
  }

  function saysStill(fd: number): boolean {
    return readAt(fd, 0, WIDTH, SCRATCH).toString('latin1') === text;
  }
}

const RESERVED_TOKENS = 64;
const WIDTH = 16;
const COUNTER = /^0[0-9]{15}$/;

function counterIn(fd: number, path: string): number {
  const text = readAt(fd, 0, WIDTH + 1, SCRATCH).toString('latin1');
  if (text === '') return 0;
  if (COUNTER.test(text)) return Number(text);
  throw new MooringError('store.corrupt', `${path} line 1: not a token counter`);
}

// Reads are synchronous, and the text is copied.
const SCRATCH = Buffer.allocUnsafeSlow(WIDTH + 1);
