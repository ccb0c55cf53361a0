import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { check } from './locks/check.mjs';

const RUN = fileURLToPath(new URL('locks/run.mjs', import.meta.url));
const sandbox = useSandbox({ each: true });

interface Result {
  readonly operations: number;
  readonly findings: number;
  readonly first: readonly string[];
  readonly done: Readonly<Record<string, number>>;
}

async function run(operations: number, fencing: 'on' | 'off'): Promise<Result> {
  const ran = await sandbox.run([process.execPath, RUN, String(operations), fencing]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout) as Result;
}

describe('five processes on three hosts', () => {
  it('never hold a lock at once, whoever stalls, dies, is far away or loses the primary', async () => {
    const { operations, first, done } = await run(3_000, 'on');

    expect(first).toEqual([]);
    expect(operations).toBeGreaterThan(2_000);
    for (const trouble of ['pause', 'kill', 'clock', 'cut', 'slow', 'failover']) {
      expect({ trouble, times: done[trouble] ?? 0 }).not.toEqual({ trouble, times: 0 });
    }
  });

  it('are caught at it when nothing is fenced', async () => {
    const { first } = await run(100_000, 'off');

    expect(first.length).toBeGreaterThan(0);
  });
});

describe('the check', () => {
  const step = (what: string, token: number, from: number, at = from + 1) => ({
    ...{ what, token, from, at },
    process: `p${token}`,
    key: 'web'
  });

  it.each([
    [
      'an effect after another had the lock',
      [step('enter', 1, 0), step('enter', 2, 10), step('effect', 1, 20)]
    ],
    ['a write after that of another', [step('commit', 2, 10), step('commit', 1, 20)]],
    [
      'a token that was given twice',
      [step('enter', 1, 0), { ...step('enter', 1, 5), process: 'q' }]
    ],
    ['a token that is smaller than the last', [step('enter', 2, 0), step('enter', 1, 10)]]
  ])('finds %s', (_, steps) => {
    expect(check(steps)).toHaveLength(1);
  });

  it.each([
    [
      'steps of one after the other',
      [step('enter', 1, 0), step('effect', 1, 2), step('enter', 2, 5), step('effect', 2, 8)]
    ],
    [
      'a step that began before',
      [step('enter', 1, 0), step('effect', 1, 9, 30), step('enter', 2, 5, 10)]
    ],
    ['other keys', [{ ...step('enter', 2, 0), key: 'api' }, step('effect', 1, 20)]]
  ])('allows %s', (_, steps) => {
    expect(check(steps)).toEqual([]);
  });
});
