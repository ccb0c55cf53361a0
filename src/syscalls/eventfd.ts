import { readSync, writeSync } from 'node:fs';
import { libc } from './libc.ts';

const EFD_NONBLOCK = 0x800;
const EFD_CLOEXEC = 0x8_0000;

/** @see eventfd(2) */
export function openEventfd(): number {
  return libc('eventfd', 0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/** Makes it readable, for any number of calls until it is read. */
export function raiseEventfd(fd: number): void {
  const one = Buffer.alloc(8);
  one.writeBigUInt64LE(1n);
  writeSync(fd, one);
}

/** Makes it not readable again. */
export function clearEventfd(fd: number): void {
  try {
    readSync(fd, Buffer.alloc(8));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EAGAIN') throw error;
  }
}
