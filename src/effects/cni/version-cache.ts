import { mkdirSync, readFileSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { replaceFile } from './replace-file.ts';

/**
 * What plugin binaries have answered to VERSION, by path, time of change and size.
 *
 * It only saves running them: a file that is missing, damaged or can't be written
 * is as good as none.
 */
export function versionCache(path: string) {
  const entries = new Map<string, Entry>();
  let loaded = false;
  return {
    /** @returns `undefined` when the binary is unknown or is another one by now */
    get(file: string, stat: BigIntStats): readonly string[] | undefined {
      if (!loaded) load();
      const entry = entries.get(file);
      return entry?.stamp === stampOf(stat) ? entry.versions : undefined;
    },
    set(file: string, stat: BigIntStats, versions: readonly string[]): void {
      // Others may have learnt of further plugins since.
      load();
      entries.set(file, { stamp: stampOf(stat), versions });
      save();
    }
  };

  function load(): void {
    loaded = true;
    for (const [file, value] of Object.entries(readObject(path))) {
      if (!entries.has(file) && isEntry(value)) entries.set(file, value);
    }
  }

  function save(): void {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      replaceFile(path, JSON.stringify(Object.fromEntries(entries)));
    } catch {
      // The answers are still known in memory, and another process asks again.
    }
  }
}

interface Entry {
  readonly stamp: string;
  readonly versions: readonly string[];
}

function stampOf({ mtimeNs, size }: BigIntStats): string {
  return `${mtimeNs}-${size}`;
}

function isEntry(value: unknown): value is Entry & JsonObject {
  if (!isJsonObject(value)) return false;
  const { stamp, versions } = value;
  return (
    typeof stamp === 'string' &&
    Array.isArray(versions) &&
    versions.every((version) => typeof version === 'string')
  );
}

function readObject(path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
