import type { Json } from '../../src/model/json.ts';
import { keyText } from '../../src/store/store.ts';
import {
  simulate,
  type Command,
  type Moment,
  type NetworkPlan,
  type Plan,
  type Thing
} from '../../src/testing.ts';
import { REFUSALS } from './plan.ts';

/** What came of a plan, in the simulator or on a host: the one is to be as the other. */
export interface Course {
  /** After each thing that was done. */
  readonly moments: readonly Seen[];
  /** Of every actor, life by life, in the order they began. */
  readonly lives: readonly Life[];
}

export interface Seen {
  /** How it ended: `up`, `port.inUse`; or what was done. */
  readonly outcome: string;
  /** What the host holds: `link web/eth0`. */
  readonly facts: readonly string[];
}

export interface Life {
  /** `container/web` */
  readonly key: string;
  readonly records: readonly Taken[];
}

export interface Taken {
  readonly event: Json;
  readonly value: Json;
  readonly requests: Json;
}

/** What a host is told to do, so that it does what the simulator did. */
export interface Script {
  readonly networks: readonly NetworkPlan[];
  readonly steps: readonly ScriptStep[];
  readonly refusals: readonly object[];
}

type ScriptStep =
  { readonly command: Command } | { readonly damage: string; readonly name: string };

/** Runs a plan in the simulator. */
export async function simulated(
  plan: Plan
): Promise<{ readonly script: Script; readonly course: Course }> {
  const moments: Moment[] = [];
  const run = await simulate(plan, { onMoment: (moment) => void moments.push(moment) });
  const commands = plan.steps.map(({ command }) => command);
  // A host is told of what hits something: what hits nothing does nothing.
  const steps = moments
    .slice(0, -2)
    .map(({ what, hit }): ScriptStep =>
      hit ? { damage: what, name: hit.name } : { command: commands.shift()! }
    );
  const lives = run.lives.map((life) => ({
    key: keyText(life[0]!.key),
    records: life.map(({ commit: { event, value, requests } }) => ({
      event: event as unknown as Json,
      value,
      requests: requests.map(({ request }) => request) as unknown as Json
    }))
  }));
  return {
    script: { networks: plan.hosts[0]!.networks, steps, refusals: refusalsOf(plan) },
    course: { moments: moments.map(seen), lives }
  };
}

function refusalsOf({ faults }: Plan): readonly object[] {
  return faults.flatMap((fault) => {
    if (fault.kind !== 'plugin') return [];
    const { verb, run, times = 1 } = fault;
    if (verb !== 'ADD' && verb !== 'DEL') return [];
    const { plugin, at } = REFUSALS[verb].find(({ after }) => after === fault.after)!;
    return [{ verb, run, times, plugin, at }];
  });
}

function seen({ what, things }: Moment): Seen {
  return {
    outcome: what.slice(what.lastIndexOf(': ') + 1).trim(),
    facts: things.map(factOf).sort()
  };
}

// Whose a rule of firewall is, the rule does not say.
function factOf({ kind, name }: Thing): string {
  return `${kind} ${name}`.replace(/^rule accept \S+ /, 'rule accept ');
}
