import { endianness } from 'node:os';
import { libc } from './libc.ts';

export type SocketProtocol = 'tcp' | 'udp' | 'sctp';

/** Where to bind; a port of 0 is chosen by the kernel. */
export interface BindPlace {
  readonly protocol: SocketProtocol;
  /** 4 or 16 bytes, in network order. */
  readonly address: Uint8Array;
  readonly port: number;
  /** Whether connections come to it, so that it is listed among the listeners. */
  readonly listens: boolean;
}

export interface BoundSocket {
  /** Close-on-exec. */
  readonly fd: number;
  readonly port: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_CLOEXEC = 0x8_0000;
const TYPES = {
  tcp: { type: 1, protocol: 6 },
  udp: { type: 2, protocol: 17 },
  sctp: { type: 1, protocol: 132 }
} as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const INET_BYTES = 16;
const INET6_BYTES = 28;
const LITTLE = endianness() === 'LE';

/**
 * Binds a socket that nothing is ever read from; `::` is bound for IPv6 alone.
 *
 * Connections that linger in TIME_WAIT do not hinder it. No other program can serve the port
 * then, not even one that shares ports by `SO_REUSEADDR`.
 *
 * @throws SyscallError `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`; `EPROTONOSUPPORT` or
 *   `EAFNOSUPPORT` when the kernel lacks the protocol or the family
 * @see ip(7), ipv6(7), socket(7)
 */
export function bindSocket({ protocol, address, port, listens }: BindPlace): BoundSocket {
  const isV6 = address.length === 16;
  const { type, protocol: number } = TYPES[protocol];
  const fd = libc('socket', isV6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, number);
  try {
    if (isV6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // For UDP, and for a port that the kernel chooses, it would mean one that others have as well.
    if (protocol !== 'udp' && port !== 0) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    // The kernel's least: nobody reads what comes in.
    if (protocol === 'udp') setOption(fd, SOL_SOCKET, SO_RCVBUF, 0);
    const name = socketAddress(address, port);
    libc('bind', fd, name, name.length);
    if (protocol !== 'udp') {
      if (listens) libc('listen', fd, 0);
      // Others that reuse addresses can't listen either, then.
      else setOption(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    }
    return { fd, port: port === 0 ? portOf(fd) : port };
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
}

export function closeSocket(fd: number): void {
  libc('close', fd);
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const bytes = new Uint8Array(new Int32Array([value]).buffer);
  libc('setsockopt', fd, level, option, bytes, bytes.length);
}

function portOf(fd: number): number {
  const name = Buffer.alloc(INET6_BYTES);
  const length = new Uint8Array(new Int32Array([name.length]).buffer);
  libc('getsockname', fd, name, length);
  return name.readUInt16BE(2);
}

// struct sockaddr_in and sockaddr_in6: family, port, then 4 bytes of address, or 4 of flow
// information, 16 of address and 4 of scope.
function socketAddress(address: Uint8Array, port: number): Buffer {
  const isV6 = address.length === 16;
  const name = Buffer.alloc(isV6 ? INET6_BYTES : INET_BYTES);
  const family = isV6 ? AF_INET6 : AF_INET;
  if (LITTLE) name.writeUInt16LE(family);
  else name.writeUInt16BE(family);
  name.writeUInt16BE(port, 2);
  name.set(address, isV6 ? 8 : 4);
  return name;
}
