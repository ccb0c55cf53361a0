import { addressText } from './address-text.ts';
import {
  decodeAttributes,
  encodeAttribute,
  encodeNested,
  type Attributes,
  type NetlinkMessage
} from './netlink-message.ts';

/** A connection that the kernel tracks. */
export interface TrackedConnection {
  readonly family: 4 | 6;
  /** 17 is UDP. */
  readonly protocol: number;
  /** As the first packet had it, before DNAT. */
  readonly source: string;
  readonly destination: string;
  /** 0 for protocols without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** What {@link deleteConnection} needs to name exactly this one. */
  readonly handle: readonly Uint8Array[];
}

const NFNL_SUBSYS_CTNETLINK = 1;
export const CT_NEW = NFNL_SUBSYS_CTNETLINK << 8;
export const CT_GET = CT_NEW | 1;
export const CT_DELETE = CT_NEW | 2;

export const IPPROTO_UDP = 17;

const AF_INET = 2;
const AF_INET6 = 10;
// struct nfgenmsg: family, version, resource id.
const HEAD_BYTES = 4;

const CTA = { tupleOriginal: 1, id: 12, zone: 18, filter: 25 };
const CTA_TUPLE = { ip: 1, protocol: 2 };
const CTA_IP = { source4: 1, destination4: 2, source6: 3, destination6: 4 };
const CTA_PROTO = { number: 1, sourcePort: 2, destinationPort: 3 };
const CTA_FILTER_ORIG_FLAGS = 1;
// The bits of nf_internals.h: which fields of the tuple are compared.
const FILTER_PROTO_NUMBER = 1 << 3;
const FILTER_DESTINATION_PORT = 1 << 5;

/**
 * Payload of `CT_GET` for the connections of a protocol, to one original destination port.
 *
 * Kernels before 5.8 know no filter and answer with every connection of the family.
 */
export function listConnections(
  family: 4 | 6,
  protocol: number,
  destinationPort: number | undefined
): Buffer {
  const fields = [encodeAttribute(CTA_PROTO.number, Buffer.from([protocol]))];
  let compared = FILTER_PROTO_NUMBER;
  if (destinationPort !== undefined) {
    fields.push(encodeAttribute(CTA_PROTO.destinationPort, bigEndian(destinationPort)));
    compared |= FILTER_DESTINATION_PORT;
  }
  return Buffer.concat([
    head(family),
    encodeNested(CTA.tupleOriginal, encodeNested(CTA_TUPLE.protocol, ...fields)),
    encodeNested(CTA.filter, encodeAttribute(CTA_FILTER_ORIG_FLAGS, littleEndian(compared)))
  ]);
}

/** Payload of `CT_DELETE` for exactly this connection: a later one with its addresses is another. */
export function deleteConnection({ family, handle }: TrackedConnection): Buffer {
  return Buffer.concat([head(family), ...handle]);
}

/** @returns `undefined` for other families and messages */
export function decodeConnection({
  type,
  payload
}: Pick<NetlinkMessage, 'type' | 'payload'>): TrackedConnection | undefined {
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  if (type !== CT_NEW || family === undefined) return undefined;
  const attributes = decodeAttributes(payload.subarray(HEAD_BYTES));
  const tuple = nested(attributes, CTA.tupleOriginal);
  const ip = nested(tuple, CTA_TUPLE.ip);
  const protocol = nested(tuple, CTA_TUPLE.protocol);
  const source = ip.get(family === 4 ? CTA_IP.source4 : CTA_IP.source6);
  const destination = ip.get(family === 4 ? CTA_IP.destination4 : CTA_IP.destination6);
  if (source === undefined || destination === undefined) return undefined;
  return {
    family,
    protocol: protocol.get(CTA_PROTO.number)?.readUInt8(0) ?? 0,
    source: addressText(source),
    destination: addressText(destination),
    sourcePort: protocol.get(CTA_PROTO.sourcePort)?.readUInt16BE(0) ?? 0,
    destinationPort: protocol.get(CTA_PROTO.destinationPort)?.readUInt16BE(0) ?? 0,
    handle: handleIn(attributes)
  };
}

function handleIn(attributes: Attributes): readonly Uint8Array[] {
  return [CTA.tupleOriginal, CTA.zone, CTA.id].flatMap((type) => {
    const value = attributes.get(type);
    if (value === undefined) return [];
    return type === CTA.tupleOriginal
      ? [encodeNested(type, value)]
      : [encodeAttribute(type, value)];
  });
}

function nested(attributes: Attributes, type: number): Attributes {
  return decodeAttributes(attributes.get(type) ?? Buffer.alloc(0));
}

function head(family: 4 | 6): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes[0] = family === 4 ? AF_INET : AF_INET6;
  return bytes;
}

function bigEndian(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
