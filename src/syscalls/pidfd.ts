import { constants } from 'node:os';
import { libc } from './libc.ts';

// Calls added since Linux 5.0 have one number on every architecture.
const SYS_PIDFD_SEND_SIGNAL = 424n;
const SYS_PIDFD_OPEN = 434n;
const NULL = 0n;

/**
 * A descriptor of a process, which never comes to mean another; close-on-exec.
 *
 * @throws SyscallError `ESRCH` when it is gone
 * @see pidfd_open(2)
 */
export function pidfdOpen(pid: number): number {
  return libc('syscall', SYS_PIDFD_OPEN, pid, 0);
}

/**
 * @param signal `0` only checks
 * @throws SyscallError `ESRCH` when the process is gone, `EPERM`
 * @see pidfd_send_signal(2)
 */
export function pidfdSendSignal(pidfd: number, signal: NodeJS.Signals | 0): void {
  const number = signal === 0 ? 0 : constants.signals[signal];
  libc('syscall', SYS_PIDFD_SEND_SIGNAL, pidfd, number, NULL, 0);
}
