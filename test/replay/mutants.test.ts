import { expect, it } from 'vitest';
import { checked } from './mutants-check.ts';
import { mutants } from './mutants.ts';

// A few of all; `npm run mutants` checks every one.
const few = mutants().filter((_, index) => index % 40 === 0);

it('tells each mistake in a chart at the first event that it changes, and no other', () => {
  const all = few.map(checked);

  expect(all.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(all.filter(({ isSeen }) => isSeen).length).toBeGreaterThan(few.length / 4);
});
