import { crc32 } from 'node:zlib';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Memory } from '../store/store.ts';

/**
 * Digests of what a machine remembers after an event, where that is not what it was before.
 *
 * A list has one for each of its items: most events change one of them, and the others are known.
 *
 * @param before `undefined` where nothing is known of it: then all is new
 */
export interface Digests {
  of(
    before: Readonly<Record<string, unknown>> | undefined,
    after: Readonly<Record<string, unknown>>
  ): Memory;
}

/** @param textOf the JSON text of an object as it stands in a journal file */
export function digests(textOf: (value: object) => string): Digests {
  const known = new Map<object, string>();

  return {
    of(before, after) {
      const memory: Record<string, string | readonly string[]> = {};
      for (const key of Object.keys(after)) {
        const [was, is] = [before?.[key], after[key]];
        if (was === is && before !== undefined) continue;
        const sum = sumOf(is);
        if (before === undefined || !isSum(sumOf(was), sum)) memory[key] = sum;
      }
      return memory;
    }
  };

  function sumOf(value: unknown): string | readonly string[] {
    return Array.isArray(value) ? value.map(itemSum) : itemSum(value);
  }

  function itemSum(value: unknown): string {
    if (typeof value !== 'object' || value === null) return crcOf(JSON.stringify(value) ?? '');
    let sum = known.get(value);
    if (sum === undefined) {
      sum = crcOf(textOf(value));
      if (known.size === KNOWN_MAX) known.clear();
      known.set(value, sum);
    }
    return sum;
  }
}

const KNOWN_MAX = 64;

function crcOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function isSum(one: string | readonly string[], other: string | readonly string[]): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return one.length === other.length && one.every((sum, index) => sum === other[index]);
}

/** What a persisted snapshot says that the machine remembers. */
export function contextIn(snapshot: Json | undefined): JsonObject | undefined {
  const context = isJsonObject(snapshot) ? snapshot['context'] : undefined;
  return isJsonObject(context) ? context : undefined;
}
