import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLock, type SharedLock } from '../../../src/effects/networks/plugin-lock.ts';
import { tryFlock, unlock } from '../../../src/syscalls/flock.ts';

let dir: string;
let lock: SharedLock;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mooring-lock-'));
  lock = fileLock(join(dir, 'plugins.lock'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();

/** Work that goes on until it is told to end, and says when it has begun. */
function task() {
  let begun = false;
  let begin: () => void = () => {};
  let end: () => void = () => {};
  const started = new Promise<void>((resolve) => (begin = resolve));
  const over = new Promise<void>((resolve) => (end = resolve));
  const work = async () => {
    begun = true;
    begin();
    await over;
  };
  return { work, started, end: () => end(), hasBegun: () => begun };
}

/** Resolves when somebody else holds a lock. */
async function isTaken(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  while (tryFlock(handle.fd, 'exclusive')) {
    unlock(handle.fd);
    await setImmediate();
  }
  await handle.close();
}

describe('fileLock', () => {
  it('is shared by many, and then by none with who has it alone', async () => {
    const [a, b, alone] = [task(), task(), task()];
    const shared = [lock.shared(a.work, signal), lock.shared(b.work, signal)];
    await Promise.all([a.started, b.started]);
    const exclusive = lock.exclusive(alone.work, signal);

    a.end();
    await shared[0];
    expect(alone.hasBegun()).toBe(false);
    b.end();
    await alone.started;
    alone.end();
    await Promise.all([...shared, exclusive]);
  });

  it('lets nobody who comes later overtake who waits for it alone', async () => {
    const [reader, writer, late] = [task(), task(), task()];
    const first = lock.shared(reader.work, signal);
    await reader.started;
    const second = lock.exclusive(writer.work, signal);
    await isTaken(join(dir, 'plugins.lock.gate'));
    const third = lock.shared(late.work, signal);

    reader.end();
    await writer.started;
    expect(late.hasBegun()).toBe(false);
    writer.end();
    await late.started;
    late.end();
    await Promise.all([first, second, third]);
  });

  it('is shared in the end by who would rather have it alone, but never with who has it alone', async () => {
    const patient = fileLock(join(dir, 'plugins.lock'), { patienceMs: 1 });
    const [reader, second, writer, third] = [task(), task(), task(), task()];
    const reading = lock.shared(reader.work, signal);
    await reader.started;
    const beside = patient.preferExclusive(second.work, signal);
    await second.started;
    reader.end();
    second.end();
    await Promise.all([reading, beside]);

    const writing = lock.exclusive(writer.work, signal);
    await writer.started;
    const controller = new AbortController();
    const waiting = patient.preferExclusive(third.work, controller.signal);
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow();
    expect(third.hasBegun()).toBe(false);
    writer.end();
    await writing;

    const waits = fileLock(join(dir, 'plugins.lock'), { patienceMs: 60_000 });
    const alone = waits.preferExclusive(async () => {
      const late = lock.shared(() => Promise.resolve('late'), AbortSignal.timeout(20));
      await expect(late).rejects.toThrow();
    }, signal);
    await alone;
  });

  it('is given up when the signal aborts, and is free after what was done under it failed', async () => {
    const holder = task();
    const held = lock.exclusive(holder.work, signal);
    await holder.started;
    const controller = new AbortController();
    const waiting = lock.shared(() => Promise.resolve(), controller.signal);
    controller.abort(new Error('stop'));

    await expect(waiting).rejects.toThrow();
    holder.end();
    await held;
    await expect(lock.exclusive(() => Promise.reject(new Error('no')), signal)).rejects.toThrow(
      'no'
    );
    await lock.exclusive(() => Promise.resolve(), signal);
    expect((await stat(join(dir, 'plugins.lock'))).mode & 0o777).toBe(0o600);
  });
});
