import { decodeString, findAttribute, type Attributes } from './netlink-message.ts';

/**
 * What a rule forwards by DNAT, at most: conditions that are not understood are left out.
 */
export interface Dnat {
  /** `IPPROTO_…`; `undefined`: any. */
  readonly protocol: number | undefined;
  /** First and last destination port; `undefined`: any. */
  readonly ports: readonly [number, number] | undefined;
}

/** Reads the expressions of one rule. */
export interface DnatReader {
  /** The next one, `cmp` or `payload`. */
  read(name: string, data: Attributes): void;
  /** @returns `undefined` when none of them was DNAT */
  found(): Dnat | undefined;
}

const META = { to: 1, key: 2, l4Protocol: 16 };
const PAYLOAD = { to: 1, base: 2, offset: 3, length: 4, transport: 2 };
const CMP = { from: 1, op: 2, data: 3 };
const RANGE = { from: 1, op: 2, first: 3, last: 4 };
const OP = { equal: 0, atMost: 3, atLeast: 5 };
const DATA_VALUE = 1;
const NAT = { type: 1, dnat: 1 };
// Of `match` and `target`, which carry a module of xtables.
const XT = { name: 1, info: 3 };
// Where struct xt_tcp and xt_udp say what of them is inverted.
const INVERTED_AT: Readonly<Record<string, number>> = { tcp: 11, udp: 8 };
const DESTINATION_INVERTED = 2;
const PORT_MAX = 0xffff;
const NONE = Buffer.alloc(0);

/** What a register was last loaded with. */
type Loaded = 'protocol' | 'port' | 'other';

export function dnatReader(): DnatReader {
  const registers = new Map<number, Loaded>();
  const seen: Seen = { protocol: undefined, first: 0, last: PORT_MAX, isDnat: false };

  return {
    read(name, data) {
      const loaded = loadedBy(name, data);
      if (loaded !== undefined) registers.set(word(data, META.to), loaded);
      // It changes what a register holds.
      else if (name === 'bitwise' || name === 'byteorder') registers.clear();
      else note(seen, name, data, registers.get(word(data, CMP.from)));
    },
    found() {
      const { protocol, first, last, isDnat } = seen;
      const ports = first > 0 || last < PORT_MAX ? ([first, last] as const) : undefined;
      return isDnat ? { protocol, ports } : undefined;
    }
  };
}

interface Seen {
  protocol: number | undefined;
  first: number;
  last: number;
  isDnat: boolean;
}

function loadedBy(name: string, data: Attributes): Loaded | undefined {
  if (name === 'meta') return word(data, META.key) === META.l4Protocol ? 'protocol' : 'other';
  if (name === 'immediate') return 'other';
  if (name !== 'payload') return undefined;
  const isPort =
    word(data, PAYLOAD.base) === PAYLOAD.transport &&
    word(data, PAYLOAD.offset) === 2 &&
    word(data, PAYLOAD.length) === 2;
  return isPort ? 'port' : 'other';
}

/** @param loaded what the expression compares */
function note(seen: Seen, name: string, data: Attributes, loaded: Loaded | undefined): void {
  switch (name) {
    case 'cmp':
      if (loaded === 'port') comparePort(seen, word(data, CMP.op), valueOf(data, CMP.data));
      else if (loaded === 'protocol' && word(data, CMP.op) === OP.equal)
        seen.protocol = valueOf(data, CMP.data)[0];
      return;
    case 'range':
      if (loaded !== 'port' || word(data, RANGE.op) !== OP.equal) return;
      comparePort(seen, OP.atLeast, valueOf(data, RANGE.first));
      comparePort(seen, OP.atMost, valueOf(data, RANGE.last));
      return;
    case 'match':
      matchPorts(seen, decodeString(data.get(XT.name) ?? NONE), data.get(XT.info) ?? NONE);
      return;
    case 'target':
      seen.isDnat ||= decodeString(data.get(XT.name) ?? NONE) === 'DNAT';
      return;
    case 'nat':
      seen.isDnat ||= word(data, NAT.type) === NAT.dnat;
  }
}

function comparePort(seen: Seen, op: number, value: Buffer): void {
  if (value.length < 2) return;
  const port = value.readUInt16BE(0);
  if (op === OP.equal || op === OP.atLeast) seen.first = Math.max(seen.first, port);
  if (op === OP.equal || op === OP.atMost) seen.last = Math.min(seen.last, port);
}

// Source ports, destination ports, each first and last.
function matchPorts(seen: Seen, name: string, info: Buffer): void {
  const invertedAt = INVERTED_AT[name];
  if (invertedAt === undefined || info.length <= invertedAt) return;
  if ((info[invertedAt]! & DESTINATION_INVERTED) !== 0) return;
  seen.first = Math.max(seen.first, info.readUInt16LE(4));
  seen.last = Math.min(seen.last, info.readUInt16LE(6));
}

function valueOf(data: Attributes, type: number): Buffer {
  return findAttribute(data.get(type) ?? NONE, DATA_VALUE) ?? NONE;
}

// Numbers of nftables are big-endian.
function word(data: Attributes, type: number): number {
  const bytes = data.get(type);
  return bytes?.length === 4 ? bytes.readUInt32BE(0) : -1;
}
