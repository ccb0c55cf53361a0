import { expect, it } from 'vitest';
import { lane } from '../../src/actors/lanes.ts';

it('frees the place of a task that fails', async () => {
  const { run } = lane(1);

  await expect(run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');

  await expect(run(() => Promise.resolve('next'))).resolves.toBe('next');
});

it('serves those who wait in the order they came', async () => {
  const { run } = lane(1);
  const served: number[] = [];

  await Promise.all([1, 2, 3].map((who) => run(() => Promise.resolve(served.push(who)))));

  expect(served).toEqual([1, 2, 3]);
});
