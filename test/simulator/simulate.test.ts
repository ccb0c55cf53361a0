import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  explore,
  failureLines,
  MACHINES,
  planFor,
  planIn,
  replay,
  reportLines,
  simulate,
  traceLines,
  type Found
} from '../../src/testing.ts';
import { PLANTS } from './plants/all.ts';

const { plants } = PLANTS.find(({ issue }) => issue === 'containerd#5768')!;

let directory: string;
let failure: Found;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mooring-simulate-'));
  failure = (await explore({ seeds: 1_000, plants })).failure!;
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a simulation', () => {
  it('takes the same course for the same seed, to the last line of its trace', async () => {
    for (const seed of [3, 14, 159, 2_653]) {
      const [one, other] = [await traced(seed), await traced(seed)];

      expect(one.trace.length).toBeGreaterThan(5);
      expect(other.trace).toEqual(one.trace);
      expect(traceLines(other)).toEqual(traceLines(one));
    }
  });

  it.each(['embedded', 'redis'] as const)('holds every invariant on a %s store', async (store) => {
    const { failure: found, lifecycles } = await explore({ seeds: 120, store });

    expect(found && failureLines(found)).toBeUndefined();
    expect(lifecycles).toBeGreaterThan(120);
  });
});

describe('a simulation that fails', () => {
  it('is made small, and still fails in the same way', async () => {
    const { seed, run, runs } = failure;
    const whole = await simulate(planFor(seed), { plants });

    expect(runs).toBeGreaterThan(1);
    expect(run.plan.steps.length).toBeLessThanOrEqual(2);
    expect(JSON.stringify(run.plan).length).toBeLessThan(JSON.stringify(whole.plan).length / 2);
    expect(run.violations[0]!.invariant).toBe(whole.violations[0]!.invariant);
    expect((await simulate(run.plan)).violations).toEqual([]);
  });

  it('is told by its seed, what is wrong, and what leads there', () => {
    const [first, ...rest] = failureLines(failure);

    expect(first).toBe(`seed ${failure.seed} violates I1`);
    expect(rest.join('\n')).toMatch(/lease .* is left[^]*step .*"verb":"up"[^]*fault .*"crash"/);
  });

  it('is written as a journal that replays, and can be run again', async () => {
    const file = join(directory, 'found.jsonl');
    writeFileSync(file, `${traceLines(failure.run).join('\n')}\n`);

    const again = await simulate(planIn(file), { plants });

    const machines = plants.machines!(MACHINES);
    expect(reportLines(file, replay(file, { machines }))).toEqual([
      expect.stringContaining(`${file}: identical`),
      expect.stringMatching(new RegExp(`simulated +seed ${failure.seed}, I1: `))
    ]);
    expect(again.violations).toEqual(failure.run.violations);
  });
});

function traced(seed: number): ReturnType<typeof simulate> {
  return simulate(planFor(seed), { trace: true });
}
