import { libc } from './libc.ts';

/** Both ends of a pipe, close-on-exec. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** An empty pipe takes as much at once, however little room this user's pipes are given. */
export const PIPE_LEAST_BYTES = 4096;

const O_CLOEXEC = 0x8_0000;

/**
 * @throws SyscallError `EMFILE`, `ENFILE`
 * @see pipe(2)
 */
export function openPipe(): Pipe {
  const fds = Buffer.alloc(8);
  libc('pipe2', fds, O_CLOEXEC);
  return { read: fds.readInt32LE(0), write: fds.readInt32LE(4) };
}

export function closeEnd(fd: number): void {
  libc('close', fd);
}
