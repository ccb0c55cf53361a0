import { expect, it } from 'vitest';
import { checked } from './mutants-check.ts';
import { mutants } from './mutants.ts';

it('tells 200 mistakes in the charts and more, each at its event', { timeout: 1_800_000 }, () => {
  const all = mutants().map((mutant) => ({ ...mutant, ...checked(mutant) }));

  const seen = all.filter(({ isSeen }) => isSeen);
  for (const operator of new Set(all.map((one) => one.operator))) {
    const count = (of: typeof all) => of.filter((one) => one.operator === operator).length;
    process.stdout.write(`${operator}: ${count(seen)} seen of ${count(all)}\n`);
  }
  process.stdout.write(`${seen.length} of ${all.length} mutants change the corpus\n`);
  expect(all.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(seen.length).toBeGreaterThanOrEqual(200);
});
