import { writeSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { readAt } from './files.ts';
import type { LockFiles } from './lock.ts';

/**
 * Draws the next fencing token of this host, from 1.
 *
 * The counter is one number of fixed width, overwritten in place: there is never
 * less than a whole number in the file once there is one.
 *
 * @throws MooringError `store.corrupt`, `store.busy`
 */
export function nextToken(
  { withLock }: LockFiles,
  path: string,
  signal?: AbortSignal
): Promise<number> {
  return withLock(path, signal, (fd) => {
    const text = readAt(fd, 0, WIDTH + 1).toString();
    const last = text === '' ? 0 : Number(text);
    if (text !== '' && !COUNTER.test(text)) {
      throw new MooringError('store.corrupt', `${path} line 1: not a token counter`);
    }
    const token = last + 1;
    writeSync(fd, String(token).padStart(WIDTH, '0'), 0);
    return token;
  });
}

const WIDTH = 16;
const COUNTER = /^0[0-9]{15}$/;
