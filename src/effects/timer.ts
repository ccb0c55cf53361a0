import { setTimeout as wait } from 'node:timers/promises';
import type { Effects } from './effects.ts';

/** Fires at the time the timer was first set for, also when a restart took part of it. */
export function timerEffects(now: () => number): Pick<Effects, 'timer.set'> {
  return {
    async 'timer.set'({ container, timer, delayMs }, { askedAt, signal }) {
      // The clock may have been set back meanwhile: never longer than asked.
      const leftMs = Math.min(delayMs, Math.max(0, askedAt + delayMs - now()));
      await wait(leftMs, undefined, { signal });
      return { type: 'timer.fired', container, timer };
    }
  };
}
