import { addressOf, tryLibc } from './libc.ts';
import { INET6_BYTES } from './socket-address.ts';
import { setSocketOption } from './socket-option.ts';

const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_RECVPKTINFO = 49;

// struct mmsghdr: struct msghdr, the number of bytes, padding; struct iovec: base, length. Both as
// on every machine of 64 bits.
const HEADER_BYTES = 64;
const NAME_LENGTH_AT = 8;
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
const LENGTH_AT = 56;
const IOVEC_BYTES = 16;
// struct cmsghdr with struct in6_pktinfo, the larger one.
const CONTROL_BYTES = 40;
const CMSG_BYTES = 16;
// Nothing larger can come.
const DATAGRAM_BYTES = 65_536;

/** A number of datagrams that are received and sent by one call each. */
export interface Datagrams {
  /**
   * Receives as many as there are and have room.
   *
   * @returns how many, or the negative `errno`
   * @see recvmmsg(2)
   */
  receive(fd: number): number;
  /** Bytes of a received one, until the next is received. */
  data(index: number): Buffer;
  /** `sockaddr` of its sender; empty on a connected socket that did not ask. */
  sender(index: number): Buffer;
  /** `cmsghdr` with the address of ours that it came to; empty unless {@link tellDestination} was asked. */
  destination(index: number): Buffer;
  /**
   * Sends those that were received on.
   *
   * @param count how many of them, from the first one
   * @param to name and control of all
   * @returns how many went out, or the negative `errno`
   * @see sendmmsg(2)
   */
  send(fd: number, count: number, to: Recipient): number;
}

export interface Recipient {
  readonly name: Pinned;
  /** As {@link Datagrams.destination}: the address of ours that it seems to come from. */
  readonly control: Pinned;
}

/** Bytes with the place where they are. */
export interface Pinned {
  readonly bytes: Buffer;
  readonly address: bigint;
}

/** A copy of bytes that stays where it is. */
export function pinned(bytes: Uint8Array): Pinned {
  if (bytes.length === 0) return { bytes: Buffer.alloc(0), address: 0n };
  const copy = unmoved(bytes.length);
  copy.set(bytes);
  return { bytes: copy, address: addressOf(copy) };
}

/**
 * What {@link Datagrams.destination} told, to be sent with an answer: its source is the address that
 * was asked, and the way is the routes' matter.
 */
export function answerFrom(destination: Buffer, family: 4 | 6): Buffer {
  const control = Buffer.from(destination);
  if (control.length === 0) return control;
  // struct in_pktinfo begins with the interface, struct in6_pktinfo ends with it.
  if (family === 4) control.fill(0, CMSG_BYTES, CMSG_BYTES + 4);
  // The addresses of a link mean nothing without it.
  else if (!isLinkLocal(control.subarray(CMSG_BYTES))) control.fill(0, CMSG_BYTES + 16);
  return control;
}

/** From now on {@link Datagrams.destination} tells of each datagram to which address it came. */
export function tellDestination(fd: number, family: 4 | 6): void {
  if (family === 4) setSocketOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
  else setSocketOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/** @param count how many there is room for */
export function datagrams(count: number): Datagrams {
  const headers = unmoved(count * HEADER_BYTES);
  const vectors = unmoved(count * IOVEC_BYTES);
  const names = unmoved(count * INET6_BYTES);
  const controls = unmoved(count * CONTROL_BYTES);
  const data = unmoved(count * DATAGRAM_BYTES);
  const [vectorsAt, namesAt, controlsAt, dataAt] = [vectors, names, controls, data].map(addressOf);
  for (let index = 0; index < count; index += 1) {
    const vector = index * IOVEC_BYTES;
    vectors.writeBigUInt64LE(dataAt! + BigInt(index * DATAGRAM_BYTES), vector);
    const header = index * HEADER_BYTES;
    headers.writeBigUInt64LE(vectorsAt! + BigInt(vector), header + 16);
    headers.writeBigUInt64LE(1n, header + 24);
  }
  const lengthOf = (index: number) => headers.readUInt32LE(index * HEADER_BYTES + LENGTH_AT);

  return {
    receive(fd) {
      for (let index = 0; index < count; index += 1) {
        const header = index * HEADER_BYTES;
        headers.writeBigUInt64LE(namesAt! + BigInt(index * INET6_BYTES), header);
        headers.writeUInt32LE(INET6_BYTES, header + NAME_LENGTH_AT);
        headers.writeBigUInt64LE(controlsAt! + BigInt(index * CONTROL_BYTES), header + CONTROL_AT);
        headers.writeBigUInt64LE(BigInt(CONTROL_BYTES), header + CONTROL_LENGTH_AT);
        vectors.writeBigUInt64LE(BigInt(DATAGRAM_BYTES), index * IOVEC_BYTES + 8);
      }
      return tryLibc('recvmmsg', fd, headers, count, 0, 0n);
    },
    data(index) {
      const at = index * DATAGRAM_BYTES;
      return data.subarray(at, at + lengthOf(index));
    },
    sender(index) {
      const at = index * INET6_BYTES;
      return names.subarray(at, at + headers.readUInt32LE(index * HEADER_BYTES + NAME_LENGTH_AT));
    },
    destination(index) {
      const at = index * CONTROL_BYTES;
      const length = headers.readUInt32LE(index * HEADER_BYTES + CONTROL_LENGTH_AT);
      return controls.subarray(at, at + length);
    },
    send(fd, sent, { name, control }) {
      for (let index = 0; index < sent; index += 1) {
        const header = index * HEADER_BYTES;
        vectors.writeBigUInt64LE(BigInt(lengthOf(index)), index * IOVEC_BYTES + 8);
        headers.writeBigUInt64LE(name.address, header);
        headers.writeUInt32LE(name.bytes.length, header + NAME_LENGTH_AT);
        headers.writeBigUInt64LE(control.address, header + CONTROL_AT);
        headers.writeBigUInt64LE(BigInt(control.bytes.length), header + CONTROL_LENGTH_AT);
      }
      return tryLibc('sendmmsg', fd, headers, sent, 0);
    }
  };
}

// A buffer of its own is outside of the heap, whose small objects are moved about.
function unmoved(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes));
}

function isLinkLocal(address: Buffer): boolean {
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
}
