/** One netlink message, its header taken apart. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** That of the request it answers; 0 for an event. */
  readonly sequence: number;
  readonly payload: Buffer;
}

/** By type; of attributes that occur twice the last one counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, Buffer>;

/** What a request was answered with; errno 0 is an acknowledgement. */
export interface NetlinkAnswer {
  /** Positive. */
  readonly errno: number;
  /** The kernel's own words, from the extended acknowledgement. */
  readonly text?: string;
}

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

const HEADER_BYTES = 16;
const NLA_F_NESTED = 0x8000;
// The two upper bits say how the value is stored.
const NLA_TYPE_MASK = 0x3fff;

/** @see netlink(7) */
export function encodeMessage(
  { type, flags, sequence }: Omit<NetlinkMessage, 'payload'>,
  payload: Uint8Array
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(HEADER_BYTES + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, payload]);
}

/**
 * The messages of one datagram. The payloads share its memory.
 *
 * @throws RangeError when a length points outside, which the kernel never sends
 */
export function decodeMessages(datagram: Buffer): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= datagram.length;) {
    const length = datagram.readUInt32LE(at);
    requireInside(length >= HEADER_BYTES && at + length <= datagram.length, 'message', length);
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEADER_BYTES, at + length)
    });
    at += aligned(length);
  }
  return messages;
}

/** An attribute with its padding. */
export function encodeAttribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(aligned(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

/** An attribute made of attributes. */
export function encodeNested(type: number, ...inner: readonly Uint8Array[]): Buffer {
  return encodeAttribute(type | NLA_F_NESTED, Buffer.concat(inner));
}

/** @throws RangeError as {@link decodeMessages} */
export function decodeAttributes(bytes: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    requireInside(length >= 4 && at + length <= bytes.length, 'attribute', length);
    const type = bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK;
    attributes.set(type, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** The first attribute of a type, for who wants one of many. @throws RangeError as {@link decodeMessages} */
export function findAttribute(bytes: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    requireInside(length >= 4 && at + length <= bytes.length, 'attribute', length);
    if ((bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK) === wanted) {
      return bytes.subarray(at + 4, at + length);
    }
    at += aligned(length);
  }
  return undefined;
}

/** Attributes that are items of a list: their values in order. @throws RangeError as {@link decodeMessages} */
export function decodeList(bytes: Buffer): readonly Buffer[] {
  const items: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    requireInside(length >= 4 && at + length <= bytes.length, 'attribute', length);
    items.push(bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return items;
}

/** The payload of `NLMSG_ERROR`, and of the `NLMSG_DONE` of a dump that failed half-way. */
export function decodeAnswer({ type, flags, payload }: NetlinkMessage): NetlinkAnswer {
  const errno = payload.length < 4 ? 0 : -payload.readInt32LE(0);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  const text = decodeAttributes(payload.subarray(extendedAt(type, flags, payload))).get(
    NLMSGERR_ATTR_MSG
  );
  return text === undefined ? { errno } : { errno, text: decodeString(text) };
}

/** A string that C ends by a NUL, which may be missing. */
export function decodeString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

// After the number comes the header of the request, and the rest of it unless that was cut off.
function extendedAt(type: number, flags: number, payload: Buffer): number {
  if (type === NLMSG_DONE) return 4;
  const isCapped = (flags & NLM_F_CAPPED) !== 0;
  return 4 + (isCapped ? HEADER_BYTES : aligned(payload.readUInt32LE(4)));
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

function requireInside(isInside: boolean, what: string, length: number): void {
  if (!isInside) throw new RangeError(`a netlink ${what} of ${length} bytes does not fit`);
}
