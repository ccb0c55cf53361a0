import { constants } from 'node:os';
import { libc, tryLibc } from './libc.ts';
import { AF_INET, AF_INET6 } from './socket-address.ts';
import { setSocketOption } from './socket-option.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SHUT_WR = 1;
const { EINPROGRESS } = constants.errno;

/**
 * Takes one connection off a listener, non-blocking and close-on-exec; it has the listener's options.
 *
 * @returns its descriptor, or the negative `errno`
 * @see accept4(2)
 */
export function acceptStream(listener: number): number {
  return tryLibc('accept4', listener, 0n, 0n, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/**
 * A socket in the netns of the calling thread, in which it stays; non-blocking and close-on-exec.
 *
 * @returns its descriptor, or the negative `errno`
 */
export function openSocket(type: 'tcp' | 'udp', family: 4 | 6): number {
  const kind = type === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  return tryLibc(
    'socket',
    family === 4 ? AF_INET : AF_INET6,
    kind | SOCK_NONBLOCK | SOCK_CLOEXEC,
    0
  );
}

/**
 * Begins to connect.
 *
 * @param name a `sockaddr`
 * @returns `pending` until it can be written to; a negative `errno` when it is refused at once
 * @see connect(2)
 */
export function beginConnect(fd: number, name: Buffer): 'done' | 'pending' | number {
  const answer = tryLibc('connect', fd, name, name.length);
  if (answer === 0) return 'done';
  return answer === -EINPROGRESS ? 'pending' : answer;
}

/** What is written goes out at once: whoever sends in small pieces has decided so already. */
export function sendAtOnce(fd: number): void {
  setSocketOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/**
 * Tells the other end that nothing more will come.
 *
 * @returns whether there is still an other end
 */
export function endWriting(fd: number): boolean {
  return tryLibc('shutdown', fd, SHUT_WR) === 0;
}

/** Closes a connection so that the other end sees it reset. */
export function resetStream(fd: number): void {
  // struct linger: on, 0 seconds
  const linger = new Uint8Array(new Int32Array([1, 0]).buffer);
  tryLibc('setsockopt', fd, SOL_SOCKET, SO_LINGER, linger, linger.length);
  libc('close', fd);
}
