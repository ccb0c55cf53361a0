import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it that are missing; one that is there is no error.
 *
 * Node's own `recursive` never returns below /proc, where a directory that is there answers `ENOENT`
 * to each attempt to make one in it.
 *
 * @param mode of each one that is made
 * @throws Error with the `code` of mkdir(2)
 */
export function makeDirectories(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EEXIST' && isDirectory(path)) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || isDirectory(above)) throw error;
    makeDirectories(above, mode);
    makeDirectories(path, mode);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
