import type { Fault, Plan, Step } from './plan.ts';
import { simulate, type Run, type RunOptions } from './run.ts';
import type { Invariant } from './world.ts';

export interface ShrinkOptions extends RunOptions {
  /** Most runs that it may take; 400 unless given. */
  readonly runs?: number;
}

/** A run that fails in the same way with less, and what it took to find it. */
export interface Shrunk {
  readonly run: Run;
  readonly runs: number;
}

/**
 * Makes a failing plan as small as it gets while it fails in the same way: containers that have
 * nothing to do with it go first, then faults, steps, hosts and processes, then what is left is
 * made simpler: no jitter, no agent, one network, rounder times.
 *
 * @returns the run itself when it does not fail
 */
export async function shrink(
  run: Run,
  { runs = 400, ...options }: ShrinkOptions = {}
): Promise<Shrunk> {
  const [wanted] = run.violations;
  if (wanted === undefined) return { run, runs: 0 };
  let [best, count] = [run, 0];

  const tryPlan = async (plan: Plan): Promise<boolean> => {
    if (count >= runs) return false;
    count += 1;
    const tried = await simulate(plan, options);
    if (!isSameFailure(tried, wanted.invariant)) return false;
    best = tried;
    return true;
  };

  await tryPlan(run.named);
  for (let size = Infinity; sizeOf(best.plan) < size && count < runs;) {
    size = sizeOf(best.plan);
    for (const container of containersIn(best.plan)) {
      await tryPlan(without(best.plan, container));
    }
    await fewer(
      (plan) => plan.faults,
      (plan, faults) => ({ ...plan, faults }),
      tryPlan,
      () => best.plan
    );
    await fewer(
      (plan) => plan.steps,
      (plan, steps) => ({ ...plan, steps }),
      tryPlan,
      () => best.plan
    );
    for (const simpler of SIMPLER) {
      for (const plan of simpler(best.plan)) await tryPlan(plan);
    }
  }
  return { run: best, runs: count };
}

/** Leaves out halves, then quarters, down to single ones. */
async function fewer<Item>(
  of: (plan: Plan) => readonly Item[],
  put: (plan: Plan, items: readonly Item[]) => Plan,
  tryPlan: (plan: Plan) => Promise<boolean>,
  best: () => Plan
): Promise<void> {
  for (let chunk = Math.ceil(of(best()).length / 2); chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let from = 0; from < of(best()).length;) {
      const items = of(best());
      const rest = [...items.slice(0, from), ...items.slice(from + chunk)];
      if (!(await tryPlan(put(best(), rest)))) from += chunk;
    }
  }
}

type Simpler = (plan: Plan) => readonly Plan[];

const SIMPLER: readonly Simpler[] = [
  (plan) => (plan.jitter === 0 ? [] : [{ ...plan, jitter: 0 }]),
  (plan) => plan.hosts.map(({ name }) => withoutHost(plan, name)),
  (plan) => plan.hosts.map(({ name }) => onOneProcess(plan, name)),
  (plan) =>
    plan.hosts.some(({ agent }) => agent)
      ? [{ ...plan, hosts: plan.hosts.map((host) => ({ ...host, agent: false })) }]
      : [],
  (plan) =>
    plan.steps.flatMap((step, index) =>
      simplerSteps(step).map((one) => withStep(plan, index, one))
    ),
  (plan) =>
    plan.faults.flatMap((fault, index) =>
      simplerFaults(fault).map((one) => withFault(plan, index, one))
    ),
  (plan) => [withUsedNetworks(plan)].filter((one) => sizeOf(one) < sizeOf(plan)),
  (plan) => [early(plan)].filter((one) => sizeOf(one) < sizeOf(plan))
];

function simplerSteps(step: Step): readonly Step[] {
  const { command } = step;
  if (command.verb !== 'up' && command.verb !== 'create') return [];
  const { networks, ports } = command;
  const less = networks.map((network) => ({
    ...command,
    networks: networks.filter((one) => one !== network)
  }));
  const portless = ports.length > 0 ? [{ ...command, ports: [] }] : [];
  return [...less, ...portless].map((one) => ({ ...step, command: one }));
}

function simplerFaults(fault: Fault): readonly Fault[] {
  if (fault.kind === 'plugin') {
    const { times = 1, ...once } = fault;
    return [
      ...(times > 1 ? [once, { ...fault, times: times - 1 }] : []),
      ...(fault.after > 0 ? [0, fault.after - 1].map((after) => ({ ...fault, after })) : []),
      ...(fault.how === 'refuses' ? [] : [{ ...fault, how: 'refuses' as const }])
    ];
  }
  if (fault.kind !== 'crash' || typeof fault.point === 'number' || fault.point.nth === 1) return [];
  return [{ ...fault, point: { ...fault.point, nth: fault.point.nth - 1 } }];
}

function withStep(plan: Plan, index: number, step: Step): Plan {
  return { ...plan, steps: plan.steps.with(index, step) };
}

function withFault(plan: Plan, index: number, fault: Fault): Plan {
  return { ...plan, faults: plan.faults.with(index, fault) };
}

function without(plan: Plan, container: string): Plan {
  const isOther = ({ command }: Step) =>
    !('container' in command) || command.container !== container;
  return { ...plan, steps: plan.steps.filter(isOther) };
}

function withoutHost(plan: Plan, name: string): Plan {
  if (plan.hosts.length === 1) return plan;
  const isElsewhere = (one: object) => !('host' in one) || one.host !== name;
  return {
    ...plan,
    hosts: plan.hosts.filter((host) => host.name !== name),
    steps: plan.steps.filter(isElsewhere),
    faults: plan.faults.filter(isElsewhere)
  };
}

function onOneProcess(plan: Plan, name: string): Plan {
  const moved = <Item extends object>(one: Item): Item =>
    'process' in one && 'host' in one && one.host === name ? { ...one, process: 0 } : one;
  return {
    ...plan,
    hosts: plan.hosts.map((host) => (host.name === name ? { ...host, processes: 1 } : host)),
    steps: plan.steps.map(moved),
    faults: plan.faults.map(moved)
  };
}

function withUsedNetworks(plan: Plan): Plan {
  const used = new Set(
    plan.steps.flatMap(({ command }) =>
      'networks' in command ? command.networks : 'network' in command ? [command.network] : []
    )
  );
  return {
    ...plan,
    hosts: plan.hosts.map((host) => {
      const networks = host.networks.filter(({ name }) => used.has(name));
      return { ...host, networks: networks.length > 0 ? networks : host.networks.slice(0, 1) };
    })
  };
}

/** Steps a second apart, where they need not be side by side. */
function early(plan: Plan): Plan {
  return { ...plan, steps: plan.steps.map((step, index) => ({ ...step, atMs: index * 1_000 })) };
}

function containersIn({ steps }: Plan): readonly string[] {
  return [
    ...new Set(steps.flatMap(({ command }) => ('container' in command ? [command.container] : [])))
  ];
}

function isSameFailure({ violations }: Run, invariant: Invariant): boolean {
  return violations.some((violation) => violation.invariant === invariant);
}

/** What there is to read in a plan. */
function sizeOf(plan: Plan): number {
  return JSON.stringify(plan).length;
}
