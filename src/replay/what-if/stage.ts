import type { Machines } from '../../actors/machines.ts';
import type { Effects } from '../../effects/effects.ts';
import { lookAfter } from '../simulator/agent.ts';
import { newClock, type Clock } from '../simulator/clock.ts';
import { perform } from '../simulator/commands.ts';
import { damage, type Damage } from '../simulator/damage.ts';
import { embeddedModel, newLockTable, releaseDead } from '../simulator/embedded-model.ts';
import { newKernel } from '../simulator/kernel.ts';
import { hostOracle } from '../simulator/oracles.ts';
import { newHost } from '../simulator/host.ts';
import type { NetworkPlan, Plan } from '../simulator/plan.ts';
import { startProcess, type SimProcess } from '../simulator/process.ts';
import { newPrograms } from '../simulator/programs.ts';
import { newStoreState, type Kept } from '../simulator/store-state.ts';
import type { Watcher } from '../simulator/world.ts';

/** A simulated host with one process, on which nothing goes wrong unless it is told to. */
export interface Stage {
  readonly clock: Clock;
  /** Every life there was, each with its records. */
  readonly lives: readonly (readonly Kept[])[];
  readonly process: SimProcess;
  /** Kills the process; another comes and brings to rest what it left. */
  crash(): Promise<void>;
  reboot(): Promise<void>;
  /** @returns whether there was anything to hit */
  hit(kind: Damage['kind']): boolean;
  /** Brings everything to rest, and looks what can be repaired. */
  settle(): Promise<void>;
  /** Takes everything down, and looks whether anything is left. */
  takeDown(): Promise<void>;
}

export interface StageOptions {
  readonly machines: Machines;
  readonly networks: readonly NetworkPlan[];
  readonly effects: (effects: Effects) => Effects;
  readonly onCommit: (kept: Kept) => void;
  readonly violated: Watcher['violated'];
}

const HOST = 'what-if';

export function openStage(options: StageOptions): Stage {
  const { machines, networks, effects, onCommit, violated } = options;
  const clock = newClock();
  const watcher: Watcher = { note: () => undefined, violated };
  const oracle = hostOracle(() => ({ kernel, state }), watcher);
  const state = newStoreState({
    onCommit: (kept) => {
      oracle.onCommit(kept);
      onCommit(kept);
    },
    onForget: (key) => oracle.onForget(key)
  });
  const table = newLockTable(state);
  const kernel = newKernel(HOST, 4_026_532_000, (change) => oracle.onChange(change));
  const [seed, jitter] = [1, 0];
  const programs = newPrograms({
    ...{ host: HOST, clock, seed, jitter, deadlineMs: 5_000, faultOf: () => undefined }
  });
  const hosts = [{ name: HOST, processes: 1, agent: true, networks }];
  const plan: Plan = { seed, store: 'embedded', hosts, steps: [], faults: [], jitter };
  const isRootless = false;
  const sim = newHost({ name: HOST, kernel, programs, clock, networks, plan, watcher, isRootless });
  const plants = { effects, machines: () => machines };
  let lives = 1;
  let process = live();

  return {
    clock,
    lives: state.lives,
    get process() {
      return process;
    },
    crash,
    async reboot() {
      await crash(() => {
        programs.reboot();
        kernel.reboot();
        sim.boot = `boot ${lives + 1}`;
      });
    },
    hit: (kind) => damage(kernel, { kind, host: HOST, atMs: clock.now, nth: 0 }) !== undefined,
    async settle() {
      await process.recover();
      await lookAfter(sim, state, process, plants);
      oracle.atRest();
    },
    async takeDown() {
      for (const { key } of state.list('container')) {
        await perform(process, { verb: 'remove', container: key.id });
      }
      oracle.atEnd();
    }
  };

  function live(): SimProcess {
    return startProcess({
      ...{ host: sim, name: `${HOST}#${lives}`, plants, onPoint: () => false },
      openStore: (site) => embeddedModel(site, table)
    });
  }

  async function crash(meanwhile: () => void = () => undefined): Promise<void> {
    clock.kill(process.site.owner);
    releaseDead(table, process.site);
    meanwhile();
    lives += 1;
    process = live();
    await process.recover();
  }
}
