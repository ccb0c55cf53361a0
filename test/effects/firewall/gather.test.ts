import { describe, expect, it } from 'vitest';
import { gathered } from '../../../src/effects/firewall/gather.ts';

const context = (operation: string, signal = new AbortController().signal) => ({
  operation,
  signal
});

describe('gathered', () => {
  it('does together what is asked while it works, and never serves by work begun before', async () => {
    const rounds: string[][] = [];
    let go: () => void = () => undefined;
    let tell: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (tell = resolve));
    const ask = gathered<string, string>(async (items) => {
      rounds.push([...items]);
      if (rounds.length === 1) {
        tell();
        await new Promise<void>((resolve) => (go = resolve));
      }
      return items.map((item) => `${item}!`);
    });
    const first = [ask('a', context('1')), ask('b', context('2'))];
    await begun;
    const second = [ask('c', context('3')), ask('d', context('4'))];
    go();

    expect(await Promise.all([...first, ...second])).toEqual(['a!', 'b!', 'c!', 'd!']);
    expect(rounds).toEqual([
      ['a', 'b'],
      ['c', 'd']
    ]);
  });

  it('goes on for others when one gives up, and stops when all have', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const seen: boolean[] = [];
    const ask = gathered<string, string>((items, { signal }) => {
      one.abort();
      seen.push(signal.aborted);
      other.abort();
      seen.push(signal.aborted);
      return Promise.resolve(items);
    });

    await Promise.all([ask('a', context('1', one.signal)), ask('b', context('2', other.signal))]);

    expect(seen).toEqual([false, true]);
  });

  it('tells all of a failure, and works for the next', async () => {
    let round = 0;
    const ask = gathered<string, string>((items) => {
      round += 1;
      return round === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(items);
    });
    const failed = await Promise.allSettled([ask('a', context('1')), ask('b', context('2'))]);

    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask('c', context('3'))).toBe('c');
  });
});
