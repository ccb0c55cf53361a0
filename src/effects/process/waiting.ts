import { hasEnded } from '../../syscalls/spawn.ts';
import { begin, type Program } from './begin.ts';
import { groupLives, killGroup } from './group.ts';
import { settleSession } from './orphans.ts';
import type { Started } from './start.ts';

/** A program that was started before it was its turn, and waits for its input. */
export interface Waiting {
  /** Resolves once it comes up, or could not be started; never rejects. */
  readonly started: Promise<void>;
  /**
   * Hands it over; it is the caller's to end.
   *
   * @returns `undefined` when it could not be started, has ended, or was taken
   */
  take(): Promise<Started | undefined>;
  /** Ends it unless it was taken, and comes back when nothing of it is left. */
  discard(): Promise<void>;
}

export type StartWaiting = (program: Program) => Waiting;

/**
 * Starts a program whose input is not known yet. What a process takes to come up is spent while
 * others work.
 *
 * It must be one that does nothing before it has read its input to the end: when we are gone, it
 * finds it empty.
 */
export function startWaiting(program: Program): Waiting {
  const beginning = begun(program);
  let own: Promise<Started | undefined> | undefined = beginning;
  const handOver = (): Promise<Started | undefined> => {
    const handed = own ?? Promise.resolve(undefined);
    own = undefined;
    return handed;
  };
  return {
    started: beginning.then(() => undefined),
    async take() {
      const taken = await handOver();
      // What is left of another run for the same request is killed, and it with it.
      if (taken === undefined || !hasEnded(taken.pid)) return taken;
      await end(taken);
      return undefined;
    },
    async discard() {
      const left = await handOver();
      if (left !== undefined) await end(left);
    }
  };
}

async function begun(program: Program): Promise<Started | undefined> {
  try {
    const started = await begin(program);
    return 'code' in started ? undefined : started;
  } catch {
    // Whoever runs it when it is its turn meets the same reason, and tells it.
    return undefined;
  }
}

async function end(started: Started): Promise<void> {
  killGroup(started.pid, 'SIGKILL');
  await started.ended;
  started.close();
  if (groupLives(started.pid)) await settleSession(started.pid);
}
