import { endianness } from 'node:os';

export const AF_INET = 2;
export const AF_INET6 = 10;

const INET_BYTES = 16;
export const INET6_BYTES = 28;
const LITTLE = endianness() === 'LE';

/**
 * `struct sockaddr_in` or `sockaddr_in6`: family, port, then 4 bytes of address, or 4 of flow
 * information, 16 of address and 4 of scope.
 *
 * @param address 4 or 16 bytes in network order
 */
export function socketAddress(address: Uint8Array, port: number): Buffer {
  const isV6 = address.length === 16;
  const name = Buffer.alloc(isV6 ? INET6_BYTES : INET_BYTES);
  const family = isV6 ? AF_INET6 : AF_INET;
  if (LITTLE) name.writeUInt16LE(family);
  else name.writeUInt16BE(family);
  name.writeUInt16BE(port, 2);
  name.set(address, isV6 ? 8 : 4);
  return name;
}

/** The port in a `sockaddr`. */
export function portIn(name: Buffer): number {
  return name.readUInt16BE(2);
}
