import { joined, type Coverage } from './coverage.ts';
import { planFor, type PlanOptions } from './generate.ts';
import { simulate, type Run, type RunOptions } from './run.ts';
import { shrink, type Shrunk } from './shrink.ts';

export interface ExploreOptions extends PlanOptions, RunOptions {
  /** The first seed; 1 unless given. */
  readonly from?: number;
  readonly seeds: number;
}

export interface Explored {
  /** How many seeds were run. */
  readonly seeds: number;
  /** The first run that failed, made small; `undefined` when none did. */
  readonly failure: (Shrunk & { readonly seed: number }) | undefined;
  readonly lifecycles: number;
  readonly coverage: Coverage;
}

/** Runs one seed after the other, up to the first that fails. */
export async function explore({ from = 1, seeds, ...options }: ExploreOptions): Promise<Explored> {
  const coverages: Coverage[] = [];
  let lifecycles = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = await simulate(planFor(seed, options), { ...options, trace: false });
    coverages.push(run.coverage);
    lifecycles += run.lifecycles;
    if (run.violations.length === 0) continue;
    const failure = { ...(await shrink(run, options)), seed };
    return { seeds: seed - from + 1, failure, lifecycles, coverage: joined(coverages) };
  }
  return { seeds, failure: undefined, lifecycles, coverage: joined(coverages) };
}

/** A failing run for people: the seed, what is wrong, and what leads there. */
export function failureLines(seed: number, { plan, violations }: Run): readonly string[] {
  return [
    `seed ${seed} violates ${violations[0]?.invariant ?? 'nothing'}`,
    ...violations.slice(0, 5).map(({ invariant, what, host }) => `  ${invariant} ${host}: ${what}`),
    ...plan.steps.map((step) => `  step ${JSON.stringify(step)}`),
    ...plan.faults.map((fault) => `  fault ${JSON.stringify(fault)}`),
    `  store ${plan.store}, ${plan.hosts.length} host${plan.hosts.length === 1 ? '' : 's'}, jitter ${plan.jitter}`
  ];
}
