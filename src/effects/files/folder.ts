import { lstatSync, mkdirSync } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { makeDirectories } from '../../syscalls/make-directories.ts';
import { isOurs } from '../../syscalls/owner.ts';

/**
 * Makes a directory of mode 0700 that is missing, with those above it, and checks one that is there.
 *
 * @throws MooringError as {@link requireFolder}
 */
export function prepareFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    return;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT') makeDirectories(path, 0o700);
    else if (code !== 'EEXIST') throw error;
  }
  requireFolder(path);
}

/** @throws MooringError `files.badDirectory` when it is a link, another user's, or open to others' writing */
export function requireFolder(path: string, stat = lstatSync(path)): void {
  if (stat.isSymbolicLink()) throw badFolder(path, 'is a symbolic link');
  if (!stat.isDirectory()) throw badFolder(path, 'is not a directory');
  if (!isOurs(stat)) throw badFolder(path, `belongs to user ${stat.uid}`);
  if ((stat.mode & 0o022) !== 0) throw badFolder(path, 'can be written by others');
}

function badFolder(path: string, reason: string): MooringError {
  return new MooringError('files.badDirectory', `${path} ${reason}`);
}
