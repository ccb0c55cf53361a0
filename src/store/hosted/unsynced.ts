import { closeSync, constants, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, openFile, unlinkIfPresent } from '../embedded/files.ts';
import { keyOfJournal } from '../embedded/layout.ts';
import type { Key } from '../store.ts';

/** What this host has done that Redis does not know: files without content, which outlive any process. */
export interface Unsynced {
  has(key: Key): boolean;
  /** Before the first such step is taken. */
  note(key: Key): void;
  noteAllocations(kind: string): void;
  clear(key: Key): void;
  clearAllocations(kind: string): void;
  keys(): readonly Key[];
  allocations(): readonly string[];
}

export function unsyncedIn(root: string): Unsynced {
  const folder = join(root, 'unsynced');
  const nameOf = ({ kind, id }: Key) => `${kind}.${id}`;
  const nameOfAllocations = (kind: string) => `${ALLOCATIONS}${kind}`;

  return {
    has: (key) => names().includes(nameOf(key)),
    note: (key) => note(nameOf(key)),
    noteAllocations: (kind) => note(nameOfAllocations(kind)),
    clear: (key) => unlinkIfPresent(join(folder, nameOf(key))),
    clearAllocations: (kind) => unlinkIfPresent(join(folder, nameOfAllocations(kind))),
    keys: () => names().flatMap((name) => keyOfJournal(`${name}.jsonl`) ?? []),
    allocations: () =>
      names()
        .filter((name) => name.startsWith(ALLOCATIONS))
        .map((name) => name.slice(ALLOCATIONS.length))
  };

  function note(name: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openFile(join(folder, name), constants.O_WRONLY | constants.O_CREAT).fd);
  }

  function names(): readonly string[] {
    try {
      return readdirSync(folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }
}

// No kind of actor: no key has such a name.
const ALLOCATIONS = 'allocations.';
