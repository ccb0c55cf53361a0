import type { EffectRequest } from '../bus/requests.ts';
import { keyText, type Key, type Known } from '../store/store.ts';
import type { Chart } from './chart.ts';

/** An actor as it was when its lease was given back. */
export interface Rested {
  readonly actor: Chart;
  /** Where the requests go that the actor emits. */
  readonly asked: EffectRequest[];
  /** Its last record. It is of use only while the store says that this is still the last. */
  readonly known: Known;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Actors that rest, so that the next event need not read and restore them; those used last. */
export interface RestedActors {
  /** Takes one out: whoever uses it may leave it ahead of what is durable. */
  take(key: Key): Rested | undefined;
  keep(key: Key, rested: Rested): void;
  has(key: Key): boolean;
}

/** @param most how many are kept */
export function restedActors(most: number): RestedActors {
  const kept = new Map<string, Rested>();

  return {
    take(key) {
      const text = keyText(key);
      const rested = kept.get(text);
      kept.delete(text);
      return rested;
    },

    has: (key) => kept.has(keyText(key)),

    keep(key, rested) {
      const text = keyText(key);
      kept.delete(text);
      kept.set(text, rested);
      if (kept.size <= most) return;
      // A map gives its keys in the order they were set: the first was used longest ago.
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        return;
      }
    }
  };
}
