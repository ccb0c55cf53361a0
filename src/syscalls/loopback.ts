import { libc } from './libc.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x8_0000;
const SIOCGIFFLAGS = 0x8913n;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 1;

// struct ifreq: 16 bytes of name, then a union of 24 that begins with the flags.
const IFREQ_BYTES = 40;
const FLAGS_OFFSET = 16;

/**
 * Sets `lo` up in the netns of the calling thread.
 *
 * @throws SyscallError
 * @see netdevice(7)
 */
export function raiseLoopback(): void {
  const socket = libc('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    const request = Buffer.alloc(IFREQ_BYTES);
    request.write('lo');
    libc('ioctl', socket, SIOCGIFFLAGS, request);
    const flags = request.readUInt16LE(FLAGS_OFFSET);
    if ((flags & IFF_UP) !== 0) return;
    request.writeUInt16LE(flags | IFF_UP, FLAGS_OFFSET);
    libc('ioctl', socket, SIOCSIFFLAGS, request);
  } finally {
    // Not by fs.closeSync(): a worker warns of a descriptor that it has not opened.
    libc('close', socket);
  }
}
