import { libc } from './libc.ts';

/**
 * @throws SyscallError `EEXIST`
 * @see mkfifo(3)
 */
export function makeFifo(path: string, mode: number): void {
  libc('mkfifo', path, mode);
}
