import { describe, expect, it } from 'vitest';
import { counterOf, totalOf } from '../../src/model/stats.ts';

describe('counters', () => {
  it('are numbers as long as those are exact, and digits above', () => {
    expect(counterOf(2n ** 53n - 1n)).toBe(9_007_199_254_740_991);
    expect(counterOf(2n ** 53n)).toBe('9007199254740992');
    expect(counterOf(2n ** 64n - 1n)).toBe('18446744073709551615');
  });

  it('add up exactly', () => {
    expect(totalOf([])).toBe(0);
    expect(totalOf([1, 2])).toBe(3);
    expect(totalOf(['18446744073709551615', 1])).toBe('18446744073709551616');
  });
});
