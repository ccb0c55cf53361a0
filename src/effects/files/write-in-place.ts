import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync } from 'node:fs';
import { openSync, readFileSync, writeSync, type Stats } from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { isOurs } from '../../syscalls/owner.ts';

const MODE = 0o644;
const NOTHING = Buffer.alloc(0);

/**
 * Makes a file hold this text, in the inode it has: a bind mount follows the inode, so a
 * container would never see a file that was renamed into place.
 *
 * A reader finds no half of it and no empty file. The new text is written over the old one in
 * one call, with line ends where the old one was longer, and those are cut off afterwards;
 * in the files it is for, empty lines mean nothing.
 *
 * @returns whether it held something else
 * @throws MooringError `files.badFile` when a link, another user's file, one with a second name, or
 *   no file stands at `path`; else the error of the file system
 */
export function writeInPlace(path: string, text: string): boolean {
  const fd = openNoFollow(path);
  try {
    const stat = fstatSync(fd);
    requireOurs(path, stat);
    if ((stat.mode & 0o777) !== MODE) fchmodSync(fd, MODE);
    const after = Buffer.from(text);
    const before = stat.size === 0 ? NOTHING : readFileSync(fd);
    if (before.equals(after)) return false;
    const rest = before.length - after.length;
    if (rest <= 0) {
      writeAll(fd, after);
      return true;
    }
    writeAll(fd, Buffer.concat([after, Buffer.alloc(rest, '\n')]));
    ftruncateSync(fd, after.length);
    return true;
  } finally {
    closeSync(fd);
  }
}

function openNoFollow(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return openSync(path, flags, MODE);
  } catch (error) {
    switch ((error as { code?: unknown }).code) {
      case 'ELOOP':
        throw badFile(path, 'is a symbolic link', error);
      case 'EISDIR':
        throw badFile(path, 'is a directory', error);
      default:
        throw error;
    }
  }
}

function requireOurs(path: string, stat: Stats): void {
  if (!stat.isFile()) throw badFile(path, 'is not a regular file');
  if (!isOurs(stat)) throw badFile(path, `belongs to user ${stat.uid}`);
  if (stat.nlink > 1) throw badFile(path, 'has a second name');
}

// One call writes it all, unless there is no room left; then the next one says so.
function writeAll(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(fd, bytes, written, bytes.length - written, written);
  }
}

function badFile(path: string, reason: string, cause?: unknown): MooringError {
  return new MooringError('files.badFile', `${path} ${reason}`, { cause });
}
