import { endianness } from 'node:os';
import { libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0x8_0000;
const PATH_MAX_BYTES = 107;
const MSG_NOSIGNAL = 0x4000;
const CONNECT = process.arch === 'arm64' ? 203n : 42n;

/**
 * Tells the service manager how this process stands, `READY=1`.
 *
 * @param socket value of `NOTIFY_SOCKET`: an absolute path, or `@name` in the abstract namespace
 * @throws SyscallError an errno's name, `ENOENT`, `ECONNREFUSED`
 * @see sd_notify(3)
 */
export function notify(socket: string, state: string): void {
  const name = socketName(socket);
  const fd = libc('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  try {
    libc('syscall', CONNECT, fd, name, name.length);
    const text = Buffer.from(state);
    libc('send', fd, text, BigInt(text.length), MSG_NOSIGNAL);
  } finally {
    libc('close', fd);
  }
}

// struct sockaddr_un, unix(7): the family, then the path; an abstract name begins with a NUL.
function socketName(socket: string): Buffer {
  const path = Buffer.from(socket.startsWith('@') ? `\0${socket.slice(1)}` : socket);
  if (path.length > PATH_MAX_BYTES) throw new RangeError(`socket path ${socket} is too long`);
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  return Buffer.concat([family, path]);
}
