import { Address4, Address6 } from 'ip-address';
import { MooringError } from './failure.ts';

export type Family = 4 | 6;

/** An address without prefix or zone. `value` is in network order, so comparing numbers compares addresses. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network: the host bits of `base` are zero. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/**
 * An IPv4 or IPv6 address, `10.88.0.5` or `fd00::5`, without prefix, zone and brackets.
 *
 * @throws MooringError `address.bad`
 */
export function parseAddress(text: string): Address {
  const address = typeof text === 'string' && !/[/%]/.test(text) ? read(text) : undefined;
  if (address === undefined) {
    throw new MooringError('address.bad', `${quote(text)} is not an IP address`);
  }
  return { family: address.family, value: address.value };
}

/** The shortest usual spelling: `fd00::5`, never `fd00:0:0::5`. */
export function addressText({ family, value }: Address): string {
  return family === 4
    ? Address4.fromBigInt(value).correctForm()
    : Address6.fromBigInt(value).correctForm();
}

/**
 * A CIDR; host bits are dropped: `10.0.0.5/24` is read as `10.0.0.0/24`.
 *
 * @throws MooringError `subnet.bad`
 */
export function parseSubnet(text: string): Subnet {
  const hasPrefix = typeof text === 'string' && /^[^/%]+\/\d{1,3}$/.test(text);
  const address = hasPrefix ? read(text) : undefined;
  if (address === undefined) {
    throw new MooringError(
      'subnet.bad',
      `subnet invalid: ${quote(text)} is not a CIDR such as 10.88.0.0/16 or fd00:88::/64`
    );
  }
  return subnetAt(address, address.prefix);
}

/** The subnet of that prefix length in which an address lies. */
export function subnetAt({ family, value }: Address, prefix: number): Subnet {
  const hostBits = BigInt(bitsOf(family) - prefix);
  return { family, base: (value >> hostBits) << hostBits, prefix };
}

export function subnetText({ family, base, prefix }: Subnet): string {
  return `${addressText({ family, value: base })}/${prefix}`;
}

/** 32 or 128. */
export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** How many addresses it holds, the first and the last included. */
export function sizeOf({ family, prefix }: Subnet): bigint {
  return 1n << BigInt(bitsOf(family) - prefix);
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return overlaps(outer, inner) && outer.prefix <= inner.prefix;
}

/** The one after the network's own address: `10.0.0.1` in `10.0.0.0/8`; a single address is its own first. */
export function firstAddress(subnet: Subnet): Address {
  const { family, base } = subnet;
  return { family, value: sizeOf(subnet) === 1n ? base : base + 1n };
}

/** The very last, which in IPv4 is the broadcast address: `10.255.255.255` in `10.0.0.0/8`. */
export function lastAddress(subnet: Subnet): Address {
  return { family: subnet.family, value: subnet.base + sizeOf(subnet) - 1n };
}

/** The neighbour above of the same size; `undefined` after the last one. */
export function nextSubnet(subnet: Subnet): Subnet | undefined {
  const base = subnet.base + sizeOf(subnet);
  return base >> BigInt(bitsOf(subnet.family)) === 0n ? { ...subnet, base } : undefined;
}

// The library accepts a prefix and a zone in an address: callers rule out what they don't want.
function read(text: string): (Address & { readonly prefix: number }) | undefined {
  try {
    const family = text.includes(':') ? 6 : 4;
    const address = family === 6 ? new Address6(text) : new Address4(text);
    return { family, value: address.bigInt(), prefix: address.subnetMask };
  } catch {
    return undefined;
  }
}

function quote(text: unknown): string {
  const quoted = JSON.stringify(text) ?? String(text);
  return quoted.length <= 64 ? quoted : `${quoted.slice(0, 60)}…"`;
}
