import { describe, expect, it } from 'vitest';
import { explore, failureLines, planFor, simulate } from '../../src/testing.ts';
import { PLANTS } from './plants/all.ts';

describe('what went wrong for users of others', () => {
  it('is twenty things at least', () => {
    expect(new Set(PLANTS.map(({ issue }) => issue)).size).toBeGreaterThanOrEqual(20);
  });

  it.each(PLANTS.map((plant) => [plant.issue, plant.what, plant] as const))(
    '%s is found: %s',
    async (_issue, _what, { plants, plans, seed }) => {
      const whole = await simulate(planFor(seed, plans));
      const { failure } = await explore({ ...plans, plants, from: seed, seeds: 1, shrinks: 100 });

      expect(whole.violations).toEqual([]);
      expect(failure && failureLines(failure)).toContain(
        `seed ${seed} violates ${failure!.run.violations[0]!.invariant}`
      );
    }
  );
});
