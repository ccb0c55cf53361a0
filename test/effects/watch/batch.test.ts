import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { batch } from '../../../src/effects/watch/batch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const handed: (readonly string[])[] = [];
  const one = batch<string>({
    quietMs: 50,
    maxWaitMs: 250,
    merge: (before, now) => `${before}+${now}`,
    flush: (items) => handed.push(items)
  });
  return { ...one, handed };
}

describe('a batch', () => {
  it('hands on what came in quick succession, once it is quiet', () => {
    const { add, handed } = watched();

    add('a', '1');
    vi.advanceTimersByTime(49);
    add('b', '2');
    add('a', '3');
    vi.advanceTimersByTime(49);
    expect(handed).toEqual([]);
    vi.advanceTimersByTime(1);

    expect(handed).toEqual([['2', '1+3']]);
  });

  it('does not wait for ever where it is never quiet', () => {
    const { add, handed } = watched();

    for (let ms = 0; ms < 300; ms += 10) {
      add('a', 'x');
      vi.advanceTimersByTime(10);
    }

    expect(handed.length).toBe(1);
  });

  it('hands nothing on when nothing comes, and nothing once closed', () => {
    const { add, close, handed } = watched();

    add('a', '1');
    vi.advanceTimersByTime(10_000);
    add('a', '2');
    close();
    vi.advanceTimersByTime(10_000);

    expect(handed).toEqual([['1']]);
  });
});
