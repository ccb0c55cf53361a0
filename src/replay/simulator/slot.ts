import { MooringError } from '../../model/failure.ts';
import { text } from './failure-text.ts';
import { commandText, perform } from './commands.ts';
import type { Step } from './plan.ts';
import type { SimProcess } from './process.ts';
import { drawFor } from './random.ts';
import type { PointAt, SimHost } from './world.ts';

/** A place for a process: one after the other lives there, and does what is asked of it. */
export interface Slot {
  readonly index: number;
  readonly process: SimProcess | undefined;
  start(): void;
  /** Kills what lives here; another comes after a while. */
  die(because: string): void;
  /** What it still has to do; `undefined` when it is done. */
  waiting(): string | undefined;
}

export interface SlotOptions {
  readonly host: SimHost;
  readonly index: number;
  readonly steps: readonly Step[];
  /** Points at which the one that lives here is killed, counted over all lives. */
  readonly crashes: ReadonlySet<number>;
  readonly open: (name: string, reach: SimProcess['site']['reach']) => SimProcess;
  /** Told of a death, before anybody can notice it. */
  readonly onDeath: (process: SimProcess) => void;
  readonly onCrash: (at: PointAt, what: string, key: string) => void;
  readonly onOutcome: (outcome: string) => void;
  /** Done by each that comes after a death, when it has recovered. */
  readonly onReturn?: (process: SimProcess) => void;
  readonly isCalm: () => boolean;
}

export function newSlot(options: SlotOptions): Slot {
  const { host, index, steps, crashes } = options;
  const { clock, watcher } = host;
  const queue = [...steps];
  let [lives, points] = [0, 0];
  let process: SimProcess | undefined;
  let busy: string | undefined;
  let isRecovering = false;

  const slot: Slot = {
    index,
    get process() {
      return process;
    },
    start() {
      live();
      next();
    },
    die(because) {
      if (process === undefined) return;
      watcher.note(() => `${process!.site.process} dies: ${because}`);
      clock.kill(process.site.owner);
      options.onDeath(process);
      process = undefined;
      if (busy !== undefined) options.onOutcome(`${busy}: died`);
      busy = undefined;
      const pause = 20 + 480 * drawFor(host.plan.seed, `${host.name} ${index} ${lives}`);
      clock.at(pause, undefined, comeBack);
    },
    waiting: () => busy ?? (isRecovering ? 'recovery' : queue[0] && commandText(queue[0].command))
  };
  return slot;

  function live(): SimProcess {
    lives += 1;
    process = options.open(`${host.name}.${index}#${lives}`, reach);
    return process;
  }

  function reach(at: PointAt, what: string, key: string): boolean {
    points += 1;
    if (options.isCalm() || !crashes.has(points)) return false;
    options.onCrash(at, what, key);
    slot.die(`${at} ${what} of ${key}`);
    return true;
  }

  function comeBack(): void {
    const returned = live();
    isRecovering = true;
    void finish(returned.recover(), returned, () => {
      isRecovering = false;
      options.onReturn?.(returned);
      next();
    });
  }

  function next(): void {
    const step = queue[0];
    if (step === undefined) return;
    clock.at(Math.max(0, step.atMs - clock.now), undefined, () => {
      if (process === undefined || busy !== undefined || queue[0] !== step) return;
      queue.shift();
      busy = commandText(step.command);
      const worker = process;
      watcher.note(() => `${worker.site.process} ${busy!}`);
      void finish(perform(worker, step.command), worker, (outcome) => {
        watcher.note(() => `${worker.site.process} ${busy!}: ${outcome}`);
        options.onOutcome(`${busy!}: ${outcome}`);
        busy = undefined;
        next();
      });
    });
  }

  async function finish<Result>(
    work: Promise<Result>,
    worker: SimProcess,
    then: (result: Result | string) => void
  ): Promise<void> {
    let result: Result | string;
    try {
      result = await work;
    } catch (error) {
      // Recovery ends with an error of ours where the store is away.
      result = error instanceof MooringError ? error.code : 'thrown';
      if (!(error instanceof MooringError))
        watcher.violated('I5', `${busy ?? 'recovery'} ended with ${text(error)}`);
    }
    if (process === worker) then(result);
  }
}
