import { libc, SyscallError } from './libc.ts';
import { HARMLESS_CALLS, type LibcSymbol } from './symbols.ts';

let isWarm = false;

/** What glibc below 2.29 has not; who calls it does without. */
const LACKING: ReadonlySet<LibcSymbol> = new Set(['posix_spawn_file_actions_addchdir_np']);

/**
 * Resolves every libc function in this thread, before another thread may call one.
 *
 * ffi-rs keeps its symbols in one table for all threads and writes to it, without a
 * lock, when a symbol is first called; and an addon that only a worker has loaded
 * takes the process with it when the worker ends.
 */
export function warm(): void {
  if (isWarm) return;
  for (const [name, args] of Object.entries(HARMLESS_CALLS)) touch(name as LibcSymbol, args);
  isWarm = true;
}

function touch(name: LibcSymbol, args: (typeof HARMLESS_CALLS)[LibcSymbol]): void {
  try {
    libc(name, ...args);
  } catch (error) {
    if (error instanceof SyscallError || LACKING.has(name)) return;
    throw error;
  }
}
