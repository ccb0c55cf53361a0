import { constants } from 'node:os';
import { tryLibc } from '../../syscalls/libc.ts';

/** Signals a process group, if it is still there. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  // Until the leader is reaped, and while it has members, the group's number is not given to others.
  // A group that can't be signalled is found again, and reported, when the orphans are settled.
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Whether a process group has members, those included that we may not signal. */
export function groupLives(pid: number): boolean {
  return tryLibc('kill', -pid, 0) !== -ESRCH;
}

const ESRCH = constants.errno.ESRCH;
