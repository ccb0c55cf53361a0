import { MooringError } from '../../model/failure.ts';
import { text } from './failure-text.ts';
import { commandText, perform } from './commands.ts';
import type { CrashPoint, Step } from './plan.ts';
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

export interface CrashSite {
  readonly at: PointAt;
  readonly what: string;
  readonly key: string;
  readonly point: CrashPoint;
  /** The same place, told so that it stays when less happens before it. */
  readonly named: CrashPoint;
}

export interface SlotOptions {
  readonly host: SimHost;
  readonly index: number;
  readonly steps: readonly Step[];
  /** Points at which the one that lives here is killed, counted over all lives. */
  readonly crashes: readonly CrashPoint[];
  readonly open: (name: string, reach: SimProcess['site']['reach']) => SimProcess;
  /** Told of a death, before anybody can notice it. */
  readonly onDeath: (process: SimProcess) => void;
  /** Told where it was, and which of the points that was: the n-th of all, and of its own kind. */
  readonly onCrash: (where: CrashSite) => void;
  readonly onOutcome: (outcome: string) => void;
  /** Done by each that comes after a death, when it has recovered. */
  readonly onReturn?: (process: SimProcess) => void;
  readonly isCalm: () => boolean;
}

export function newSlot(options: SlotOptions): Slot {
  const { host, index, steps, crashes } = options;
  const { clock, watcher } = host;
  const queue = [...steps];
  const named = new Map<string, number>();
  let [lives, points] = [0, 0];
  let busy: string | undefined;
  let isRecovering = false;

  const slot: Slot & { process: SimProcess | undefined } = {
    index,
    process: undefined,
    start() {
      live();
      next();
    },
    die(because) {
      const { process } = slot;
      if (process === undefined) return;
      watcher.note(() => `${process.site.process} dies: ${because}`);
      clock.kill(process.site.owner);
      options.onDeath(process);
      slot.process = undefined;
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
    return (slot.process = options.open(`${host.name}.${index}#${lives}`, reach));
  }

  function reach(at: PointAt, what: string, key: string): boolean {
    if (crashes.length === 0 || options.isCalm()) return false;
    points += 1;
    const name = `${at} ${what} of ${key}`;
    const nth = (named.get(name) ?? 0) + 1;
    named.set(name, nth);
    const point = crashes.find((one) =>
      typeof one === 'number' ? one === points : one.at === name && one.nth === nth
    );
    if (point === undefined) return false;
    options.onCrash({ at, what, key, point, named: { at: name, nth } });
    slot.die(name);
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
      const worker = slot.process;
      if (worker === undefined || busy !== undefined || queue[0] !== step) return;
      queue.shift();
      busy = commandText(step.command);
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
    if (slot.process === worker) then(result);
  }
}
