import { libc, SyscallError } from './libc.ts';

export const POLLIN = 0x1;
export const POLLPRI = 0x2;

export interface Polled {
  readonly fd: number;
  /** `POLLIN`, `POLLPRI`; errors and hang-ups count as ready in any case. */
  readonly events: number;
}

// struct pollfd: int fd, short events, short revents
const POLLFD_BYTES = 8;

/**
 * Stops the calling thread until one of the files is ready: in the main thread for a moment only.
 *
 * @param timeoutMs -1 waits for ever
 * @returns those that are ready; none after the time, or when a signal came
 * @throws SyscallError
 * @see poll(2)
 */
export function poll<File extends Polled>(
  files: readonly File[],
  timeoutMs: number
): readonly File[] {
  const table = Buffer.alloc(POLLFD_BYTES * files.length);
  files.forEach(({ fd, events }, index) => {
    table.writeInt32LE(fd, POLLFD_BYTES * index);
    table.writeInt16LE(events, POLLFD_BYTES * index + 4);
  });
  try {
    libc('poll', table, BigInt(files.length), timeoutMs);
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EINTR') return [];
    throw error;
  }
  return files.filter((_, index) => table.readInt16LE(POLLFD_BYTES * index + 6) !== 0);
}
