import { libc } from './libc.ts';

/**
 * An option that is an `int`.
 *
 * @throws SyscallError
 * @see setsockopt(2)
 */
export function setSocketOption(fd: number, level: number, option: number, value: number): void {
  const bytes = new Uint8Array(new Int32Array([value]).buffer);
  libc('setsockopt', fd, level, option, bytes, bytes.length);
}
