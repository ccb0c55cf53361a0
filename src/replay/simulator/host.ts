import { keyText, type Key } from '../../store/store.ts';
import { stateText } from '../report.ts';
import { lookAfter } from './agent.ts';
import type { Clock } from './clock.ts';
import { perform } from './commands.ts';
import type { CoverageLog } from './coverage.ts';
import { foreignThings } from './damage.ts';
import { embeddedModel, newLockTable, releaseDead } from './embedded-model.ts';
import { happenTo } from './happenings.ts';
import { isForeign, newKernel, type Thing } from './kernel.ts';
import { hostOracle, type HostOracle } from './oracles.ts';
import type { CrashPoint, Fault, HostPlan, Plan } from './plan.ts';
import { startProcess, type SimProcess } from './process.ts';
import { newPrograms } from './programs.ts';
import { redisModel } from './redis-model.ts';
import type { RedisServer } from './redis-server.ts';
import { newSlot, type Slot } from './slot.ts';
import { newStoreState, type Kept, type StoreState } from './store-state.ts';
import type { Moment, Plants, SimHost, Watcher } from './world.ts';

/** A host on which a plan is played. */
export interface RunningHost {
  readonly name: string;
  readonly state: StoreState;
  readonly oracle: HostOracle;
  readonly outcomes: readonly string[];
  /** Starts its processes, and what goes wrong with it. */
  begin(): void;
  /** From now on nothing goes wrong any more. */
  calm(): void;
  /** Somebody brings everything to rest, and looks what can be repaired. */
  recover(): void;
  /** Somebody takes everything down. */
  takeDown(): void;
  /** What somebody still waits for. */
  waiting(): readonly string[];
}

export interface HostOptions {
  readonly plan: Plan;
  readonly host: HostPlan;
  readonly clock: Clock;
  readonly watcher: Watcher;
  readonly coverage: CoverageLog;
  readonly server: RedisServer | undefined;
  readonly plants: Plants;
  /** Told of a crash as it was planned, and by what its point is found again. */
  readonly onCrash: (fault: Crash, named: CrashPoint) => void;
  readonly onMoment: (moment: Moment) => void;
}

export type Crash = Extract<Fault, { readonly kind: 'crash' }>;

/** How long a program may take. */
const DEADLINE_MS = 5_000;

export function openHost(options: HostOptions): RunningHost {
  const { plan, host, clock, watcher, coverage, server, plants, onCrash, onMoment } = options;
  const faults = plan.faults.filter((fault) => !('host' in fault) || fault.host === host.name);
  const outcomes: string[] = [];
  const states = new Map<string, string>();
  const oracle = hostOracle(() => ({ kernel, state }), watcher);
  const state = newStoreState({ onCommit, onForget }, plants.fenced);
  const table = newLockTable(state);
  const kernel = newKernel(host.name, 4_026_532_000, (change) => {
    watcher.note(() => `${change.verb} ${change.thing.kind} ${change.thing.name} (${change.by})`);
    oracle.onChange(change);
  });
  let [isCalm, pending] = [false, undefined as string | undefined];
  const programs = newPrograms({
    ...{ host: host.name, clock, seed: plan.seed, jitter: plan.jitter, deadlineMs: DEADLINE_MS },
    faultOf: (verb, run, key) => pluginFault(verb, run, key)
  });
  const tell = (what: string, hit?: Thing) => onMoment(momentOf(sim, what, hit));
  const { name, networks, rootless: isRootless = false } = host;
  const sim = newHost({ name, kernel, programs, clock, networks, plan, watcher, isRootless });
  const slots = Array.from({ length: host.processes + Number(host.agent) }, (_, at) => slotOf(at));
  foreignThings(kernel, containersOf(plan, host.name));

  return {
    name: host.name,
    state,
    oracle,
    outcomes,
    begin() {
      for (const slot of slots) slot.start();
      happenTo({ host: sim, faults, slots, isCalm: () => isCalm, onDamage: look });
    },
    calm() {
      isCalm = true;
      sim.diskFullUntil = 0;
      for (const { process } of slots) if (process) clock.resume(process.site.owner);
    },
    recover: () =>
      somebody('recovery', async (process) => {
        await process.recover();
        await lookAfter(sim, state, process, plants);
      }),
    takeDown: () => somebody('the end', (process) => removeAll(process, state, outcomes)),
    waiting: () => [
      ...slots.flatMap((slot) => slot.waiting() ?? []),
      ...(pending === undefined ? [] : [pending])
    ]
  };

  function open(name: string, onPoint: SimProcess['site']['reach']): SimProcess {
    return startProcess({
      ...{ host: sim, name, onPoint, plants },
      openStore: (site) =>
        server ? redisModel(site, server, plants.fenced) : embeddedModel(site, table)
    });
  }

  function slotOf(index: number): Slot {
    const isAgent = index === host.processes;
    const crashes = faults.flatMap((fault) =>
      fault.kind === 'crash' && fault.process === index ? [fault.point] : []
    );
    return newSlot({
      ...{ host: sim, index, open, isCalm: () => isCalm },
      steps: plan.steps.filter((step) => step.host === host.name && step.process === index),
      crashes,
      onDeath: ({ site }) => releaseDead(table, site),
      onCrash: ({ at, what, key, point, named }) => {
        hit(key, `${at} ${boundaryOf(what)}`, 'crash');
        onCrash({ kind: 'crash', host: host.name, process: index, point }, named);
      },
      onOutcome: (outcome) => {
        outcomes.push(outcome);
        tell(outcome);
      },
      ...(isAgent && { onReturn: () => look() })
    });
  }

  /** The agent has seen something, and looks when it has its turn. */
  function look(kind?: string, hit?: Thing): void {
    if (hit) tell(kind!, hit);
    const agent = host.agent ? slots[host.processes]?.process : undefined;
    if (agent === undefined) return;
    clock.at(
      60,
      agent.site.owner,
      () => void lookAfter(sim, state, agent, plants).catch(() => undefined)
    );
  }

  function somebody(what: string, work: (process: SimProcess) => Promise<void>): void {
    const process = open(`${host.name}.${what}`, () => false);
    pending = what;
    void work(process).then(
      () => {
        pending = undefined;
        tell(what);
      },
      (error: unknown) => watcher.violated('I5', `${what} ended with ${String(error)}`)
    );
  }

  function pluginFault(verb: string, run: number, key: string) {
    if (isCalm) return undefined;
    const fault = faults.find(
      (one): one is Extract<Fault, { kind: 'plugin' }> =>
        one.kind === 'plugin' &&
        one.verb === verb &&
        run >= one.run &&
        run < one.run + (one.times ?? 1)
    );
    if (fault) hit(key, 'during effect', `plugin ${fault.how}`);
    return fault;
  }

  function hit(key: string, boundary: string, fault: string): void {
    coverage.fault(key.slice(0, key.indexOf('/')), states.get(key) ?? 'new', boundary, fault);
  }

  function onCommit(kept: Kept): void {
    const { key, commit } = kept;
    const value = stateText(commit.value);
    states.set(keyText(key), value);
    coverage.state(key.kind, value);
    watcher.note(() => `${keyText(key)} ${kept.seq} ${commit.event.type} -> ${value}`);
    oracle.onCommit(kept);
  }

  function onForget(key: Key): void {
    states.delete(keyText(key));
    watcher.note(() => `${keyText(key)} is forgotten`);
    oracle.onForget(key);
  }
}

async function removeAll(
  process: SimProcess,
  state: StoreState,
  outcomes: string[]
): Promise<void> {
  for (const key of state.keys().filter((text) => text.startsWith('container/'))) {
    const container = key.slice('container/'.length);
    outcomes.push(`the end: ${await perform(process, { verb: 'remove', container })}`);
  }
}

function momentOf({ name, kernel }: SimHost, what: string, hit: Thing | undefined): Moment {
  const things = kernel.all().filter((thing) => !isForeign(thing));
  return { host: name, what, things, ...(hit && { hit }) };
}

/** A host as it is after its first boot. */
export function newHost(
  parts: Omit<SimHost, 'lastGiven' | 'boot' | 'skewMs' | 'diskFullUntil'>
): SimHost {
  const boot = `${parts.name} boot 1`;
  return { ...parts, lastGiven: new Map(), boot, skewMs: 0, diskFullUntil: 0 };
}

/** What of the loop a point belongs to. */
function boundaryOf(what: string): string {
  const [word] = what.split(' ');
  return word === 'commit' || word === 'forget' || word === 'release' ? word : 'effect';
}

function containersOf({ steps }: Plan, host: string): readonly string[] {
  const names = steps.flatMap((step) =>
    step.host === host && 'container' in step.command ? [step.command.container] : []
  );
  return [...new Set(names)];
}
