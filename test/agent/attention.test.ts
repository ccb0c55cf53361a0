import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attention, type AttentionOptions } from '../../src/agent/attention.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Looks that end when they are told to. */
function watched(options: Partial<AttentionOptions> = {}) {
  const looks: string[] = [];
  const ends = new Map<string, (outcome: 'done' | 'again') => void>();
  const seen = attention({
    look: (id, reason) => {
      looks.push(`${id}: ${reason}`);
      return new Promise((resolve) => ends.set(id, resolve));
    },
    atOnce: 2,
    againMs: 1_000,
    againMaxMs: 3_000,
    ...options
  });
  const end = async (id: string, outcome: 'done' | 'again' = 'done') => {
    ends.get(id)!(outcome);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { seen, looks, end };
}

describe('what is called for', () => {
  it('is looked at once, however often it is called for, and once more if meanwhile', async () => {
    const { seen, looks, end } = watched();
    seen.callFor(['web'], 'first');
    seen.callFor(['web'], 'second');
    seen.callFor(['web'], 'third');
    await end('web');
    await end('web');
    await seen.idle();

    expect(looks).toEqual(['web: first', 'web: second']);
  });

  it('waits while as many as may are being looked at', async () => {
    const { seen, looks, end } = watched();
    seen.callFor(['a', 'b', 'c'], 'flush');
    expect(looks).toHaveLength(2);
    await end('a');

    expect(looks).toEqual(['a: flush', 'b: flush', 'c: flush']);
  });
});

describe('what could not be put right', () => {
  it('is looked at again by itself, ever later, and no more once it is right', async () => {
    const { seen, looks, end } = watched();
    seen.callFor(['web'], 'flush');
    for (const pauseMs of [1_000, 2_000, 3_000, 3_000]) {
      await end('web', 'again');
      const count = looks.length;
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      expect(looks).toHaveLength(count);
      await vi.advanceTimersByTimeAsync(1);
      expect(looks).toHaveLength(count + 1);
    }
    await end('web');
    await vi.advanceTimersByTimeAsync(60_000);

    expect(looks).toHaveLength(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is forgotten with the end', async () => {
    const { seen, looks, end } = watched();
    seen.callFor(['web'], 'flush');
    await end('web', 'again');
    await seen.close();
    await vi.advanceTimersByTimeAsync(60_000);
    seen.callFor(['web'], 'flush');

    expect(looks).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
