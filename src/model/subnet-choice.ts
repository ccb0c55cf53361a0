import { overlaps, sizeOf, subnetAt, type Subnet } from './subnet.ts';

/**
 * The lowest subnet of a pool that touches nothing taken.
 *
 * It steps over what is taken rather than through it, so it ends after at most one
 * step per taken subnet, and it never leaves the pool.
 *
 * @returns `undefined` when the pool is full
 */
export function freeSubnet(
  pool: Subnet,
  prefix: number,
  taken: readonly Subnet[]
): Subnet | undefined {
  const size = 1n << BigInt((pool.family === 4 ? 32 : 128) - prefix);
  const end = pool.base + sizeOf(pool);
  let base = pool.base;
  while (base + size <= end) {
    const candidate = { family: pool.family, base, prefix };
    const obstacle = taken.find((subnet) => overlaps(subnet, candidate));
    if (obstacle === undefined) return candidate;
    base = aligned(obstacle.base + sizeOf(obstacle), size);
  }
  return undefined;
}

// With 2^56 subnets to draw from, a second draw is a rarity and a third one a broken generator.
const DRAWS = 100;

/**
 * A random /64 of `fd00::/8` that touches nothing taken.
 *
 * @param randomBytes as many bytes as it is asked for
 * @returns `undefined` when every draw was taken
 * @see RFC 4193, section 3
 */
export function randomSubnet6(
  randomBytes: (length: number) => Uint8Array,
  taken: readonly Subnet[]
): Subnet | undefined {
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const value = [0xfd, ...randomBytes(7)].reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
    const candidate = subnetAt({ family: 6, value: value << 64n }, 64);
    if (!taken.some((subnet) => overlaps(subnet, candidate))) return candidate;
  }
  return undefined;
}

function aligned(value: bigint, size: bigint): bigint {
  return ((value + size - 1n) / size) * size;
}
