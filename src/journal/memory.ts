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
  const [words, objects] = [new Map<unknown, string>(), newest<string>()];

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
    const isObject = typeof value === 'object' && value !== null;
    return isObject ? objectSum(value) : wordSum(value);
  }

  function objectSum(value: object): string {
    const known = objects.get(value);
    if (known !== undefined) return known;
    const sum = crcOf(textOf(value));
    objects.add(value, sum);
    return sum;
  }

  // Most of what is remembered is one of the same few words and numbers.
  function wordSum(value: unknown): string {
    let sum = words.get(value);
    if (sum === undefined) {
      sum = crcOf(JSON.stringify(value) ?? '');
      if (words.size === WORDS_MAX) words.clear();
      words.set(value, sum);
    }
    return sum;
  }
}

const WORDS_MAX = 64;

/** What was found out about the last objects that were met; older ones are let go at once. */
function newest<Found>() {
  const keys: (object | undefined)[] = Array<undefined>(NEWEST).fill(undefined);
  const found: (Found | undefined)[] = Array<undefined>(NEWEST).fill(undefined);
  let next = 0;

  return {
    get(key: object): Found | undefined {
      const at = keys.indexOf(key);
      return at === -1 ? undefined : found[at];
    },
    add(key: object, value: Found): void {
      keys[next] = key;
      found[next] = value;
      next = (next + 1) % NEWEST;
    }
  };
}

const NEWEST = 64;

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
