import { expect, it, vi } from 'vitest';
import { feed } from '../../src/inspector/server/feed.ts';
import { following } from '../../src/inspector/server/following.ts';
import type { JournalRecord } from '../../src/store/store.ts';
import { played } from './journals.ts';
import { inspected } from './server.ts';

const BOUND = { maxRecords: 10, maxBytes: 1e6 };

/** A store whose journals are followed by as many as say so. */
function watched() {
  const signals: AbortSignal[] = [];
  return {
    followers: () => signals.filter(({ aborted }) => !aborted).length,
    async *follow(signal: AbortSignal): AsyncGenerator<JournalRecord> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    },
    noting(signal: AbortSignal) {
      signals.push(signal);
      return this.follow(signal);
    }
  };
}

function parts(lingerMs: number) {
  const store = watched();
  const records = feed(JSON.stringify, BOUND);
  const onError = vi.fn();
  const looks = following({
    store: { follow: (signal) => store.noting(signal) },
    ...{ records, onError, lingerMs }
  });
  return { followers: store.followers, records, onError, looks };
}

it('follows nothing until somebody looks, and by one for all that do', async () => {
  const { followers, looks, onError } = parts(10_000);
  expect(followers()).toBe(0);

  const leave = looks.look();
  looks.look();
  leave();
  leave();

  expect(followers()).toBe(1);
  await looks.close();
  expect(followers()).toBe(0);
  expect(onError).not.toHaveBeenCalled();
});

it('stays a while for who comes back', async () => {
  vi.useFakeTimers();
  try {
    const { followers, records, looks } = parts(1_000);
    looks.look()();
    await vi.advanceTimersByTimeAsync(900);
    looks.look()();
    await vi.advanceTimersByTimeAsync(900);
    expect([followers(), records.newest()]).toEqual([1, 0]);

    await vi.advanceTimersByTimeAsync(200);

    expect(followers()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('says where nobody looked', async () => {
  const { records, looks } = parts(0);
  looks.look()();
  await looks.close();

  looks.look();

  const { signal } = new AbortController();
  const lines = records.lines(0, signal)[Symbol.asyncIterator]();
  const { value } = await lines.next();
  expect(value).toBe('{"n":1,"gap":true}');
  await looks.close();
});

it('is what the server does: a life that nobody watched is told of all the same', async () => {
  const host = played();
  const follow = vi.spyOn(host.process.store, 'follow');
  const inspector = await inspected(host);
  await host.up('web', ['front']);
  await host.down('web');

  const { text } = await inspector.get('/api/records');

  expect(follow).not.toHaveBeenCalled();
  expect(text).toContain('"type":"container.down"');
  await inspector.close();
});
