import { constants } from 'node:os';
import { DataType, load, open } from 'ffi-rs';

// An empty path is the running program, which has libc linked in: nothing to guess on musl.
const LIBC = { library: 'libc', path: '' };
open(LIBC);

/**
 * Calls a libc function that answers -1 and sets `errno` when it fails.
 *
 * ffi-rs is not thread-safe at the first use of a symbol, truncates integers
 * silently and strings at a NUL, and kills the process on a wrong type: so the
 * arguments are checked here, and every symbol that a worker calls is called once
 * in the main thread before (`syscalls/warm.ts`).
 *
 * @param args integers are passed as `int`, strings as `const char *`, byte arrays in place
 * @returns what the function returned
 * @throws {@link SyscallError}
 */
export function libc(
  name: string,
  ...args: readonly (number | bigint | string | Uint8Array)[]
): number {
  const { value, errnoCode } = load<DataType.I32, true>({
    library: LIBC.library,
    funcName: name,
    retType: DataType.I32,
    paramsType: args.map(typeOf),
    paramsValue: [...args],
    errno: true
  });
  if (value === -1) throw new SyscallError(name, errnoCode);
  return value;
}

function typeOf(arg: number | bigint | string | Uint8Array): DataType {
  switch (typeof arg) {
    case 'number':
      if (!Number.isInteger(arg) || arg < -0x8000_0000 || arg > 0x7fff_ffff) {
        throw new RangeError(`${arg} is not a C int`);
      }
      return DataType.I32;
    case 'bigint':
      return DataType.I64;
    case 'string':
      if (arg.includes('\0')) throw new RangeError('a C string ends at a NUL');
      return DataType.String;
    default:
      if (!(arg instanceof Uint8Array)) throw new TypeError('neither a number, a string nor bytes');
      return DataType.U8Array;
  }
}

/** A system call failed; `code` is spelled as Node spells it, `EPERM`. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;

  constructor(syscall: string, errno: number) {
    const code = ERRNO.get(errno) ?? `E${errno}`;
    super(`${syscall}: ${code}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}

// EAGAIN and EWOULDBLOCK are one number; the first name listed is the one users know.
const ERRNO = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, errno]) => [errno, name])
);
