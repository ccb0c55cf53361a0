import { stateOf } from '../../actors/views.ts';
import { newClock, type Clock } from './clock.ts';
import { coverageOf, type Coverage } from './coverage.ts';
import { openHost, type Crash, type RunningHost } from './host.ts';
import type { Plan } from './plan.ts';
import { newRedisServer, type RedisServer } from './redis-server.ts';
import type { Kept } from './store-state.ts';
import type { Invariant, Moment, Plants, Watcher } from './world.ts';

export interface Violation {
  readonly invariant: Invariant;
  /** What is wrong, in a line. */
  readonly what: string;
  readonly host: string;
  /** Milliseconds since the run began. */
  readonly atMs: number;
}

/** What came of a run. */
export interface Run {
  readonly plan: Plan;
  /** Empty when every invariant held. */
  readonly violations: readonly Violation[];
  /** What happened, a line each; empty unless it was asked for. */
  readonly trace: readonly string[];
  /** Every record of every actor, by host, each life in its order. */
  readonly lives: readonly (readonly Kept[])[];
  /** How each command ended: `up`, `port.inUse`, `died`. */
  readonly outcomes: readonly string[];
  readonly coverage: Coverage;
  /** The same plan, with every crash that came about named by where it was. */
  readonly named: Plan;
  /** How often a container was brought up, wholly or in part, and then was down again with nothing left of it. */
  readonly lifecycles: number;
}

export interface RunOptions {
  readonly trace?: boolean;
  readonly plants?: Plants;
  /** Told how a host looks, each time something has been done to it. */
  readonly onMoment?: (moment: Moment) => void;
}

/** Longest that a run may take of its own time: what has not come to rest by then never will. */
const LIMIT_MS = 4 * 60 * 60 * 1000;

/**
 * Runs a plan: the real charts, the real loop and recovery, on hosts, plugins and a store that are
 * models. The same plan gives the same run.
 */
export async function simulate(
  plan: Plan,
  { trace = false, plants = {}, onMoment = () => undefined }: RunOptions = {}
): Promise<Run> {
  const clock = newClock();
  const lines: string[] = [];
  const violations: Violation[] = [];
  const coverage = coverageOf();
  const hosts = new Map<string, RunningHost>();
  const watcherOf = (host: string): Watcher => ({
    note: (line) => {
      if (trace) lines.push(`${clock.now.toFixed(3)} ${host} ${line()}`);
    },
    violated: (invariant, what) => {
      if (violations.length < VIOLATIONS_MAX) {
        violations.push({ invariant, what, host, atMs: clock.now });
      }
      if (trace) lines.push(`${clock.now.toFixed(3)} ${host} VIOLATED ${invariant} ${what}`);
    }
  });
  const crashes = new Map<string, Crash>();
  const onCrash = (fault: Crash, point: Crash['point']): void => {
    crashes.set(JSON.stringify(fault), { ...fault, point });
  };
  const server = serverOf(plan, clock, hosts);
  for (const host of plan.hosts) {
    const watcher = watcherOf(host.name);
    hosts.set(
      host.name,
      openHost({ plan, host, clock, watcher, coverage, server, plants, onCrash, onMoment })
    );
  }
  const all = [...hosts.values()];
  for (const host of all) host.begin();
  await phase('the commands', () => undefined);
  for (const host of all) host.calm();
  server?.calm();
  await phase('recovery', (host) => host.recover());
  for (const host of all) host.oracle.atRest();
  await phase('the end', (host) => host.takeDown());
  for (const host of all) host.oracle.atEnd();
  return {
    plan,
    violations,
    trace: lines,
    lives: all.flatMap(({ state }) => state.lives),
    outcomes: all.flatMap(({ outcomes }) => outcomes),
    coverage: coverage.seen(),
    named: {
      ...plan,
      faults: plan.faults.map((fault) => crashes.get(JSON.stringify(fault)) ?? fault)
    },
    lifecycles: all.reduce((sum, { state }) => sum + lifecyclesIn(state.lives), 0)
  };

  async function phase(name: string, begin: (host: RunningHost) => void): Promise<void> {
    for (const host of all) begin(host);
    const done = await clock.run(clock.now + LIMIT_MS);
    for (const host of all) {
      const waits = host.waiting();
      if (waits.length > 0 || !done) {
        watcherOf(host.name).violated('I5', `${name} did not end: ${waits.join(', ')}`);
      }
    }
  }
}

const VIOLATIONS_MAX = 50;

function serverOf(
  plan: Plan,
  clock: Clock,
  hosts: ReadonlyMap<string, RunningHost>
): RedisServer | undefined {
  if (plan.store !== 'redis') return undefined;
  return newRedisServer(clock, (name) => hosts.get(name)!.state, plan);
}

const DOWN: ReadonlySet<string> = new Set(['absent', 'failed', 'defined']);

/** A container that was only defined has had no network to live with; one that is kept may have several. */
function lifecyclesIn(lives: readonly (readonly Kept[])[]): number {
  let count = 0;
  for (const life of lives) {
    if (life[0]?.key.kind !== 'container') continue;
    let isBegun = false;
    for (const { commit } of life) {
      const isDown = DOWN.has(stateOf(commit.value));
      if (isBegun && isDown) count += 1;
      isBegun = !isDown;
    }
  }
  return count;
}
