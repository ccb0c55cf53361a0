import { libc } from './libc.ts';

const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves the calling thread, and no other, into a netns of its own.
 *
 * Never in the main thread: what is started from it would follow.
 *
 * @throws SyscallError `EPERM`, `ENOSPC`
 * @see unshare(2)
 */
export function unshareNetns(): void {
  libc('unshare', CLONE_NEWNET);
}

/**
 * Moves the calling thread into the netns behind `fd`.
 *
 * @throws SyscallError `EPERM`; `EINVAL` for a namespace of another kind
 * @see setns(2)
 */
export function enterNetns(fd: number): void {
  libc('setns', fd, CLONE_NEWNET);
}
