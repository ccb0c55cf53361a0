import { constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, type ProcessId } from '../effects/process/proc.ts';
import { errorOf, failureOf } from '../model/failure.ts';

/**
 * Who keeps a state directory's processes, as the lock file says: `<root>/supervisor.lock`.
 *
 * The lock on the file is inherited by guard and supervisor, so that the kernel frees it when both
 * are gone. What is written in it outlives them when they are killed.
 */
export interface Keepers {
  /** Of the private host; `''` for root. */
  readonly host: string;
  readonly runDir: string;
  readonly guard: ProcessId;
  readonly supervisor: ProcessId;
}

/** Descriptor under which guard and supervisor hold it. */
export const LOCK_FD = 4;

export function lockPathOf(root: string): string {
  return join(root, 'supervisor.lock');
}

/** @returns a descriptor of the file, made when it is missing */
export function openLock(root: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  return openSync(lockPathOf(root), flags, 0o600);
}

export function writeKeepers(fd: number, keepers: Keepers | null): void {
  ftruncateSync(fd);
  if (keepers !== null) writeSync(fd, `${JSON.stringify(keepers)}\n`, 0);
}

/**
 * Whom the file names, running or not; `undefined` when the last ones have ended in order.
 *
 * @throws MooringError `store.…`, with the errno's name, when the directory is not for this user to read
 */
export function readKeepers(root: string): Keepers | undefined {
  try {
    const text = readFileSync(lockPathOf(root), 'utf8');
    return text === '' ? undefined : (JSON.parse(text) as Keepers);
  } catch (error) {
    // Half written: whoever writes it is not done yet.
    if (error instanceof SyntaxError) return undefined;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw errorOf(failureOf(error, 'store', `reading state directory ${root}`), error);
  }
}

/** Those of them that run. */
export function livingKeepers(root: string): Keepers | undefined {
  const keepers = readKeepers(root);
  if (keepers === undefined) return undefined;
  return isRunning(keepers.guard) || isRunning(keepers.supervisor) ? keepers : undefined;
}
