import { libc, SyscallError } from './libc.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/**
 * Locks the open file behind `fd`, without waiting.
 *
 * The lock belongs to the open file description: the kernel frees it when the last
 * descriptor is closed, so also when its holder is killed. A child holds it too
 * between fork and exec, until close-on-exec takes effect.
 *
 * @returns whether it was taken; `false` while another description holds it
 * @throws {@link SyscallError} `EBADF`, `ENOLCK`
 * @see flock(2)
 */
export function tryFlock(fd: number, mode: 'shared' | 'exclusive'): boolean {
  try {
    libc('flock', fd, (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB);
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EAGAIN') return false;
    throw error;
  }
}

/** Frees a lock before its descriptor is closed. */
export function unlock(fd: number): void {
  libc('flock', fd, LOCK_UN);
}
