import { libc } from './libc.ts';
import { INET6_BYTES, portIn, socketAddress } from './socket-address.ts';
import { setSocketOption as setOption } from './socket-option.ts';

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

/** Port that a socket is bound to. */
export function portOf(fd: number): number {
  const name = Buffer.alloc(INET6_BYTES);
  const length = new Uint8Array(new Int32Array([name.length]).buffer);
  libc('getsockname', fd, name, length);
  return portIn(name);
}
