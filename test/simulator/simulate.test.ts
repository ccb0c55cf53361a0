import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
  type Command,
  type Found,
  type Plan
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

describe('what a simulation has come past', () => {
  const does = (...commands: readonly Command[]): Plan => ({
    ...{ seed: 1, store: 'embedded', jitter: 0, faults: [] },
    hosts: [{ name: 'h0', processes: 1, agent: false, networks: [] }],
    steps: commands.map((command, at) => ({ atMs: at * 3_000, host: 'h0', process: 0, command }))
  });
  const web = { container: 'web' } as const;
  const create: Command = { verb: 'create', ...web, networks: [], ports: [] };

  it.each<[what: string, lifecycles: number, commands: readonly Command[]]>([
    ['none for a container that was only defined', 0, [create]],
    ['one for a container that came up', 1, [{ ...create, verb: 'up' }]],
    [
      'one for each time that it came up and went down',
      2,
      [create, { verb: 'start', ...web }, { verb: 'down', ...web }, { verb: 'start', ...web }]
    ]
  ])('is %s', async (_, lifecycles, commands) => {
    expect((await simulate(does(...commands))).lifecycles).toBe(lifecycles);
  });

  it('is let go of when it is over, also where processes died', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const lives: WeakRef<object>[] = [];
    for (let seed = 1; seed <= 60; seed += 1) {
      const run = await simulate(planFor(seed));
      if (run.outcomes.some((outcome) => outcome.endsWith('died'))) {
        lives.push(...run.lives.map((life) => new WeakRef(life)));
      }
    }
    await new Promise((resolve) => setImmediate(resolve));

    collect();

    expect(lives.length).toBeGreaterThan(10);
    expect(lives.filter((life) => life.deref() !== undefined).length).toBeLessThan(10);
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
