import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  unlinkSync,
  type Stats
} from 'node:fs';
import { MooringError } from '../../model/failure.ts';
import { isOurs } from '../../syscalls/owner.ts';

export interface OpenFile {
  readonly fd: number;
  readonly stat: Stats;
}

/**
 * Opens a file of the store: a regular file of ours, never through a link.
 *
 * Node adds `O_CLOEXEC` by itself; `O_NONBLOCK` keeps a FIFO put in the way from
 * holding us.
 *
 * @throws MooringError `store.badFile`; else the error of open(2)
 */
export function openFile(path: string, flags: number): OpenFile {
  const fd = openNoFollow(path, flags);
  try {
    return { fd, stat: statOfOurs(fd, path) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * What is open as `fd`.
 *
 * @throws MooringError `store.badFile` unless it is a regular file of ours
 */
export function statOfOurs(fd: number, path: string): Stats {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw badFile(path, 'is not a regular file');
  if (!isOurs(stat)) throw badFile(path, `belongs to user ${stat.uid}`);
  return stat;
}

/** As {@link openFile}, for reading; `undefined` when there is none. */
export function openIfPresent(path: string): OpenFile | undefined {
  try {
    return openFile(path, constants.O_RDONLY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads `length` bytes from `offset`, or what there is of them. */
export function readAt(fd: number, offset: number, length: number, into?: Buffer): Buffer {
  const buffer = into !== undefined && into.length >= length ? into : Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

/** Removes a file, in one call where `rmSync` takes three; one that is not there is removed already. */
export function unlinkIfPresent(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** `ENOENT` and the like, when the error has one. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

/**
 * What a failed write means to a caller.
 *
 * @returns `store.full` when there is no room, an error of ours as it is, else `store.failed`
 */
export function writeFailure(error: unknown, path: string): MooringError {
  if (error instanceof MooringError) return error;
  const code = codeOf(error);
  if (typeof code === 'string' && NO_ROOM.has(code)) return full(path, code, error);
  const reason = error instanceof Error ? error.message : String(error);
  return new MooringError('store.failed', `writing ${path}: ${reason}`, { cause: error });
}

export function full(path: string, reason: string, cause?: unknown): MooringError {
  return new MooringError('store.full', `writing ${path}: no room left: ${reason}`, { cause });
}

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** As {@link openFile}, for a caller who looks at what was opened by {@link statOfOurs} himself. */
export function openNoFollow(path: string, flags: number): number {
  try {
    return openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    switch (codeOf(error)) {
      case 'ELOOP':
        throw badFile(path, 'is a symbolic link', error);
      case 'EISDIR':
      case 'ENXIO':
        throw badFile(path, 'is not a regular file', error);
      default:
        throw error;
    }
  }
}

function badFile(path: string, reason: string, cause?: unknown): MooringError {
  return new MooringError('store.badFile', `${path} ${reason}`, { cause });
}
