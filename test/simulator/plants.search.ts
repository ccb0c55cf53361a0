import { describe, expect, it } from 'vitest';
import { explore, failureLines } from '../../src/testing.ts';
import { PLANTS } from './plants/all.ts';

const SEEDS = 10_000;

// Prints the first seed that finds each, to be kept beside it.
describe(`within ${SEEDS} seeds`, () => {
  it.each(PLANTS.map((plant) => [plant.issue, plant] as const))(
    '%s is found',
    { timeout: 1_800_000 },
    async (issue, { what, plants, plans }) => {
      const { failure, seeds } = await explore({ ...plans, plants, seeds: SEEDS, shrinks: 0 });
      const found = failure && failureLines(failure)[1];
      process.stdout.write(`${issue}: ${failure?.seed ?? 'no'} of ${seeds} seeds ${found}\n`);

      expect(failure, what).toBeDefined();
    }
  );
});
