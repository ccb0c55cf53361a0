import { errnoName, libc, SyscallError } from './libc.ts';
import {
  decodeAnswer,
  decodeMessages,
  encodeMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type NetlinkMessage
} from './netlink-message.ts';
import { step, StepError } from './step.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/**
 * An open `AF_NETLINK` socket. It stays in the netns of the thread that opened it,
 * and keeps that netns alive.
 */
export interface NetlinkSocket {
  readonly fd: number;
  close(): void;
}

/** What is asked of the kernel. */
export interface NetlinkRequest {
  readonly type: number;
  /** For messages: `list links`. */
  readonly doing: string;
  /** The family's header and attributes. */
  readonly payload: Uint8Array;
}

const AF_NETLINK = 16;
// struct sockaddr_nl
const SOCKADDR_BYTES = 12;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x8_0000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/** The kernel answers at once; this only keeps a thread from being stuck for ever. */
const ANSWER_WITHIN_S = 10;
// A dump comes in parts of at most 32 KiB; an event is one message.
const DATAGRAM_BYTES = 0x2_0000;
const DUMP_TRIES = 20;

/**
 * A socket for requests.
 *
 * @throws {@link StepError} an errno's name
 */
export function openNetlink(protocol: number): NetlinkSocket {
  return open(protocol, (fd) => {
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      libc('setsockopt', fd, SOL_NETLINK, option, int(1), 4);
    }
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(BigInt(ANSWER_WITHIN_S));
    libc('setsockopt', fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
  });
}

/**
 * A socket that events are sent to, from when this returns.
 *
 * @param groups numbers, not bits
 * @param receiveBytes the kernel keeps about half as many bytes of events that are not read yet
 * @throws {@link StepError} an errno's name
 */
export function subscribeNetlink(
  protocol: number,
  groups: readonly number[],
  receiveBytes: number
): NetlinkSocket {
  return open(protocol, (fd) => {
    growReceiveBuffer(fd, receiveBytes);
    // Without a port of its own it counts as the kernel, which gets no events.
    libc('bind', fd, anyPort(), SOCKADDR_BYTES);
    for (const group of groups) {
      libc('setsockopt', fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(group), 4);
    }
  });
}

/**
 * Reads what has been sent to a subscription, until nothing is left; does not wait.
 *
 * @returns whether events were lost, because they came faster than they were read
 * @throws {@link StepError} an errno's name
 */
export function drainEvents(
  { fd }: NetlinkSocket,
  each: (message: NetlinkMessage) => void
): { readonly lost: boolean } {
  const buffer = receiveBuffer();
  let lost = false;
  for (;;) {
    const length = receive(fd, buffer, MSG_DONTWAIT);
    if (length === 'EAGAIN') return { lost };
    if (length === 'ENOBUFS' || length > buffer.length) lost = true;
    else decodeMessages(buffer.subarray(0, length)).forEach(each);
  }
}

/**
 * Asks for a list and gives each part as it comes, so that the caller may let others run between.
 *
 * A list that changed while it was made is marked by the kernel and asked for again:
 * then what was given before counts no more, and `'again'` is given.
 *
 * @throws {@link StepError} an errno's name; `dumpInterrupted` when it changed every time
 */
export function* dump(
  socket: NetlinkSocket,
  request: NetlinkRequest
): Generator<readonly NetlinkMessage[] | 'again', void, undefined> {
  for (let tries = 0; tries < DUMP_TRIES; tries++) {
    const sequence = send(socket, request, NLM_F_REQUEST | NLM_F_DUMP);
    if ((yield* parts(socket, request, sequence)) === 'whole') return;
    yield 'again';
  }
  throw new StepError('dumpInterrupted', `${request.doing}: changed ${DUMP_TRIES} times meanwhile`);
}

/** The whole list at once. */
export function dumpAll(socket: NetlinkSocket, request: NetlinkRequest): readonly NetlinkMessage[] {
  let messages: NetlinkMessage[] = [];
  for (const part of dump(socket, request)) {
    if (part === 'again') messages = [];
    else messages.push(...part);
  }
  return messages;
}

/**
 * Asks for a change.
 *
 * @param flags besides `NLM_F_REQUEST` and `NLM_F_ACK`
 * @throws {@link StepError} an errno's name
 */
export function change(socket: NetlinkSocket, request: NetlinkRequest, flags: number): void {
  const sequence = send(socket, request, NLM_F_REQUEST | NLM_F_ACK | flags);
  for (;;) {
    const answer = answers(socket, request, sequence).find(({ type }) => type === NLMSG_ERROR);
    if (answer !== undefined) return requireDone(request, answer);
  }
}

/**
 * Asks for one thing.
 *
 * @throws {@link StepError} an errno's name
 */
export function ask(socket: NetlinkSocket, request: NetlinkRequest): NetlinkMessage {
  const sequence = send(socket, request, NLM_F_REQUEST);
  const [answer] = answers(socket, request, sequence);
  if (answer === undefined) throw new StepError('noAnswer', `${request.doing}: no answer`);
  if (answer.type === NLMSG_ERROR) requireDone(request, answer);
  return answer;
}

function* parts(
  socket: NetlinkSocket,
  request: NetlinkRequest,
  sequence: number
): Generator<readonly NetlinkMessage[], 'whole' | 'interrupted', undefined> {
  let isInterrupted = false;
  for (;;) {
    const messages = answers(socket, request, sequence);
    isInterrupted ||= messages.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0);
    const end = messages.find(({ type }) => type === NLMSG_DONE || type === NLMSG_ERROR);
    yield messages.filter((message) => message !== end);
    if (end === undefined) continue;
    requireDone(request, end);
    return isInterrupted ? 'interrupted' : 'whole';
  }
}

/** One datagram's messages, without what an abandoned request was answered. */
function answers(
  { fd }: NetlinkSocket,
  { doing }: NetlinkRequest,
  sequence: number
): readonly NetlinkMessage[] {
  const buffer = receiveBuffer();
  const length = step(doing, () => receive(fd, buffer, 0));
  if (typeof length === 'string') throw new StepError(length, `${doing}: ${length}`);
  if (length > buffer.length) throw new StepError('EMSGSIZE', `${doing}: ${length} bytes at once`);
  const datagram = Buffer.from(buffer.subarray(0, length));
  return decodeMessages(datagram).filter((one) => one.sequence === sequence);
}

function requireDone({ doing }: NetlinkRequest, message: NetlinkMessage): void {
  const { errno, text } = decodeAnswer(message);
  if (errno === 0) return;
  const code = errnoName(errno);
  throw new StepError(code, `${doing}: ${code}${text === undefined ? '' : ` (${text})`}`);
}

let lastSequence = 0;

function send({ fd }: NetlinkSocket, request: NetlinkRequest, flags: number): number {
  lastSequence = (lastSequence % 0xffff_ffff) + 1;
  const head = { type: request.type, flags, sequence: lastSequence };
  const bytes = encodeMessage(head, request.payload);
  // Without an address it goes to the kernel.
  step(request.doing, () => libc('send', fd, bytes, BigInt(bytes.length), 0));
  return lastSequence;
}

/** @returns how long the datagram is, also when the buffer is shorter */
function receive(fd: number, buffer: Buffer, flags: number): number | 'EAGAIN' | 'ENOBUFS' {
  for (;;) {
    try {
      return libc('recv', fd, buffer, BigInt(buffer.length), MSG_TRUNC | flags);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.code === 'EAGAIN' || error.code === 'ENOBUFS') return error.code;
      if (error.code !== 'EINTR') throw error;
    }
  }
}

function open(protocol: number, prepare: (fd: number) => void): NetlinkSocket {
  const doing = `open a netlink socket of family ${protocol}`;
  return step(doing, () => {
    const fd = libc('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    try {
      prepare(fd);
    } catch (error) {
      libc('close', fd);
      throw error;
    }
    return { fd, close: () => void libc('close', fd) };
  });
}

/** Past the host's limit only its root may go; the others get as much as it allows. */
function growReceiveBuffer(fd: number, receiveBytes: number): void {
  try {
    libc('setsockopt', fd, SOL_SOCKET, SO_RCVBUFFORCE, int(receiveBytes), 4);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'EPERM') throw error;
    libc('setsockopt', fd, SOL_SOCKET, SO_RCVBUF, int(receiveBytes), 4);
  }
}

function anyPort(): Buffer {
  const address = Buffer.alloc(SOCKADDR_BYTES);
  address.writeUInt16LE(AF_NETLINK);
  return address;
}

let shared: Buffer | undefined;

// What is in it is used up or copied before the next is read, so one buffer serves a thread.
function receiveBuffer(): Buffer {
  return (shared ??= Buffer.allocUnsafeSlow(DATAGRAM_BYTES));
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
