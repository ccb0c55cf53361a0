import { libc } from './libc.ts';

/** A pipe's two ends, as descriptors that no program inherits. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** What a pipe with nothing in it takes at once, however little memory its user may have for pipes. */
export const PIPE_TAKES_BYTES = 4096;

const O_CLOEXEC = 0x8_0000;
const INT_BYTES = 4;

/**
 * @throws SyscallError `EMFILE`, `ENFILE`
 * @see pipe(2), pipe(7)
 */
export function openPipe(): Pipe {
  const fds = Buffer.alloc(2 * INT_BYTES);
  libc('pipe2', fds, O_CLOEXEC);
  return { read: fds.readInt32LE(0), write: fds.readInt32LE(INT_BYTES) };
}
