import { joining, type Coverage } from './coverage.ts';
import { planFor, type PlanOptions } from './generate.ts';
import { simulate, type RunOptions } from './run.ts';
import { shrink, type Shrunk } from './shrink.ts';

export interface ExploreOptions extends PlanOptions, Omit<RunOptions, 'trace'> {
  /** The first seed; 1 unless given. */
  readonly from?: number;
  /** How many, one after the other. */
  readonly seeds: number;
  /** Most runs to make what fails smaller; 400 unless given, 0 for as it is. */
  readonly shrinks?: number;
}

export interface Explored {
  /** How many seeds were run. */
  readonly seeds: number;
  /** The first run that failed, made small; `undefined` when none did. */
  readonly failure: Found | undefined;
  /** Containers that were brought up or failed and were taken down again, in all runs. */
  readonly lifecycles: number;
  readonly coverage: Coverage;
}

/** A run that failed, and the seed that leads there. */
export interface Found extends Shrunk {
  readonly seed: number;
}

/** Runs one seed after the other, up to the first that fails. */
export async function explore({
  from = 1,
  seeds,
  shrinks,
  ...options
}: ExploreOptions): Promise<Explored> {
  const coverage = joining();
  let lifecycles = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = await simulate(planFor(seed, options), options);
    coverage.add(run.coverage);
    lifecycles += run.lifecycles;
    if (run.violations.length === 0) continue;
    const runs = shrinks === undefined ? {} : { runs: shrinks };
    const failure = { ...(await shrink(run, { ...options, ...runs })), seed };
    return { seeds: seed - from + 1, failure, lifecycles, coverage: coverage.all };
  }
  return { seeds, failure: undefined, lifecycles, coverage: coverage.all };
}

/** A failing run for people: the seed, what is wrong, and what leads there. */
export function failureLines({ seed, run }: Found): readonly string[] {
  const { plan, violations } = run;
  const hosts = `${plan.hosts.length} host${plan.hosts.length === 1 ? '' : 's'}`;
  return [
    `seed ${seed} violates ${violations[0]?.invariant ?? 'nothing'}`,
    ...violations.slice(0, 5).map(({ invariant, what, host }) => `  ${invariant} ${host}: ${what}`),
    `  store ${plan.store}, ${hosts}, jitter ${plan.jitter}`,
    ...plan.steps.map((step) => `  step ${JSON.stringify(step)}`),
    ...plan.faults.map((fault) => `  fault ${JSON.stringify(fault)}`)
  ];
}
