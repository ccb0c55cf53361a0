import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { DataType } from 'ffi-rs';
import type { LibcSymbol } from './symbols.ts';

/** What `libc()` takes: `int`, 64-bit integer or null pointer, `const char *`, bytes in place. */
export type LibcArg = number | bigint | string | Uint8Array;

// An empty path is the running program, which has libc linked in: nothing to guess on musl.
const LIBC = { library: 'libc', path: '' };

let opened: typeof import('ffi-rs') | undefined;

/** Loaded with the first call: a command that only reads makes none. */
function ffi(): typeof import('ffi-rs') {
  if (opened === undefined) {
    const require = createRequire(import.meta.url);
    opened = require('ffi-rs') as typeof import('ffi-rs');
    opened.open(LIBC);
  }
  return opened;
}

/**
 * Calls a libc function that answers -1 and sets `errno` when it fails.
 *
 * ffi-rs is not thread-safe at the first use of a symbol, truncates integers
 * silently and strings at a NUL, and kills the process on a wrong type: so the
 * arguments are checked here, and every symbol that a worker calls is called once
 * in the main thread before (`syscalls/warm.ts`).
 *
 * @param args a `number` is passed as `int`, a `bigint` as `long` (`0n` is a null pointer)
 * @returns what the function returned
 * @throws {@link SyscallError} the call answered -1
 * @throws RangeError for an integer or a string that C would truncate
 */
export function libc(name: LibcSymbol, ...args: readonly LibcArg[]): number {
  const value = tryLibc(name, ...args);
  if (value < 0) throw new SyscallError(name, -value);
  return value;
}

/**
 * As {@link libc}, for calls whose failures are expected and many: nothing is thrown for them.
 *
 * @returns what the function returned, or the negative `errno`: -11 for `EAGAIN`
 * @throws RangeError for an integer or a string that C would truncate
 */
export function tryLibc(name: LibcSymbol, ...args: readonly LibcArg[]): number {
  const { DataType, load } = ffi();
  const { value, errnoCode } = load<DataType.I32, true>({
    library: LIBC.library,
    funcName: name,
    retType: DataType.I32,
    paramsType: args.map((arg) => typeOf(arg, DataType)),
    paramsValue: [...args],
    errno: true
  });
  return value === -1 ? -errnoCode : value;
}

/**
 * Where bytes are in memory, to be put into structures that point to them.
 *
 * @param bytes of an `ArrayBuffer` of their own: they stay where they are as long as somebody
 *   keeps them, which is the caller's to do
 */
export function addressOf(bytes: Uint8Array): bigint {
  const { DataType, load } = ffi();
  // The one function that answers with the pointer that it is given.
  return load({
    library: LIBC.library,
    funcName: 'memmove' satisfies LibcSymbol,
    retType: DataType.BigInt,
    paramsType: [DataType.U8Array, DataType.U8Array, DataType.BigInt],
    paramsValue: [bytes, bytes, 0n]
  }) as unknown as bigint;
}

function typeOf(arg: LibcArg, types: typeof DataType): DataType {
  switch (typeof arg) {
    case 'number':
      if (!Number.isInteger(arg) || arg < -0x8000_0000 || arg > 0x7fff_ffff) {
        throw new RangeError(`${arg} is not a C int`);
      }
      return types.I32;
    case 'bigint':
      if (BigInt.asIntN(64, arg) !== arg) throw new RangeError(`${arg} is not a C long`);
      return types.BigInt;
    case 'string':
      if (arg.includes('\0')) throw new RangeError('a C string ends at a NUL');
      return types.String;
    default:
      if (!(arg instanceof Uint8Array)) throw new TypeError('neither a number, a string nor bytes');
      return types.U8Array;
  }
}

/** A system call failed; `code` is spelled as Node spells it, `EPERM`. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;

  constructor(syscall: string, errno: number) {
    const code = errnoName(errno);
    super(`${syscall}: ${code}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}

/** @returns `EPERM` for 1; `E9999` for a number that has no name */
export function errnoName(errno: number): string {
  return ERRNO.get(errno) ?? `E${errno}`;
}

// EAGAIN and EWOULDBLOCK are one number; the first name listed is the one users know.
const ERRNO = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, errno]) => [errno, name])
);
