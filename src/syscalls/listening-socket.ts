import { portOf, type BindPlace, type BoundSocket } from './bound-socket.ts';
import { libc, SyscallError } from './libc.ts';
import { socketAddress } from './socket-address.ts';
import { setSocketOption } from './socket-option.ts';
import { openSocket } from './stream-socket.ts';

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
// More than the kernel allows, so as much as it does.
const BACKLOG = 65_535;
const UDP_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * A non-blocking socket that connections or datagrams come to; `::` is bound for IPv6 alone.
 *
 * What is accepted from it sends at once, and notices after hours that the other end has vanished.
 *
 * @throws SyscallError as `bindSocket`
 */
export function openListener({ protocol, address, port }: BindPlace): BoundSocket {
  const isV6 = address.length === 16;
  const fd = openSocket(protocol === 'udp' ? 'udp' : 'tcp', isV6 ? 6 : 4);
  if (fd < 0) throw new SyscallError('socket', -fd);
  try {
    if (isV6) setSocketOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (protocol === 'udp') setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
    // For a port that the kernel chooses it would mean one that others have as well.
    else if (port !== 0) setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const name = socketAddress(address, port);
    libc('bind', fd, name, name.length);
    if (protocol !== 'udp') {
      setSocketOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
      setSocketOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      libc('listen', fd, BACKLOG);
    }
    return { fd, port: port === 0 ? portOf(fd) : port };
  } catch (error) {
    libc('close', fd);
    throw error;
  }
}
