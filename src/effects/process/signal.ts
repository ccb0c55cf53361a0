import { closeSocket } from '../../syscalls/bound-socket.ts';
import { SyscallError } from '../../syscalls/libc.ts';
import { pidfdOpen, pidfdSendSignal } from '../../syscalls/pidfd.ts';
import { poll, POLLIN } from '../../syscalls/poll.ts';
import { isRunning, type ProcessId } from './proc.ts';

export interface SignalOptions {
  /** Whether it is the one that is meant, besides its start; default: it is. */
  readonly isIt?: () => boolean;
  /** How long its end is waited for at most, milliseconds; default 0. */
  readonly waitMs?: number;
}

/**
 * Sends a signal to a process that is no child of ours, and to no later one of its number.
 *
 * @returns whether it was there
 * @throws SyscallError `EPERM`
 */
export function signalProcess(
  process: ProcessId,
  name: NodeJS.Signals,
  { isIt = () => true, waitMs = 0 }: SignalOptions = {}
): boolean {
  try {
    const pidfd = pidfdOpen(process.pid);
    try {
      // Looked at only now: the descriptor can't come to mean another process.
      if (!isRunning(process) || !isIt()) return false;
      pidfdSendSignal(pidfd, name);
      if (waitMs > 0) poll([{ fd: pidfd, events: POLLIN }], waitMs);
      return true;
    } finally {
      closeSocket(pidfd);
    }
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ESRCH') return false;
    throw error;
  }
}
