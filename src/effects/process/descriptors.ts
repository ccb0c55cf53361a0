import { readdirSync } from 'node:fs';
import { libc, SyscallError } from '../../syscalls/libc.ts';

const FIRST_AFTER_STDIO = 3;
// The same number on every architecture.
const SYS_CLOSE_RANGE = 436n;
const LAST = 0x7fff_ffffn;
const CLOSE_RANGE_CLOEXEC = 4n;
const FIOCLEX = 0x5451n;

/**
 * Keeps every descriptor but stdin, stdout and stderr from the programs started after this.
 *
 * Node opens its own so that they are not inherited; what it was given by its own
 * parent, and what a native library opens, may be.
 *
 * @see close_range(2)
 */
export function keepDescriptors(): void {
  try {
    libc('syscall', SYS_CLOSE_RANGE, BigInt(FIRST_AFTER_STDIO), LAST, CLOSE_RANGE_CLOEXEC);
  } catch (error) {
    // Linux below 5.11 does not know the flag, and below 5.9 not the call.
    if (!(error instanceof SyscallError && /^(EINVAL|ENOSYS)$/.test(error.code))) throw error;
    keepOneByOne();
  }
}

function keepOneByOne(): void {
  const descriptors = readdirSync('/proc/self/fd').map(Number);
  for (const fd of descriptors.filter((fd) => fd >= FIRST_AFTER_STDIO)) {
    try {
      libc('ioctl', fd, FIOCLEX, 0n);
    } catch (error) {
      // The one that listed the directory is closed by now.
      if (!(error instanceof SyscallError && error.code === 'EBADF')) throw error;
    }
  }
}
