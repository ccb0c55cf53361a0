import type { Conflist } from './conflist.ts';
import { MooringError } from './failure.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { lastAddress, parseAddress, parseSubnet, type Address } from './subnet.ts';

/**
 * Checks that `host-local` can give out the addresses asked for: each from a range set of its own.
 *
 * Networks with another IPAM are not judged.
 *
 * @throws MooringError `network.badIp` naming the network, the address and the ranges
 * @see host-local's documentation, "ranges"
 */
export function checkIps({ name, plugins }: Conflist, ips: readonly string[]): void {
  const ipam = plugins.map((plugin) => plugin['ipam']).find(isHostLocal);
  if (ipam === undefined) return;
  const free = rangeSetsOf(ipam);
  for (const ip of ips) {
    const address = parseIp(name, ip);
    const index = free.findIndex((ranges) => ranges.some((range) => offers(range, address)));
    if (index === -1) throw badIp(name, ip, rangeSetsOf(ipam));
    free.splice(index, 1);
  }
}

function isHostLocal(ipam: unknown): ipam is JsonObject {
  return isJsonObject(ipam) && ipam['type'] === 'host-local';
}

// A single range may stand in `ipam` itself, which then comes first.
function rangeSetsOf(ipam: JsonObject): JsonObject[][] {
  const sets = Array.isArray(ipam['ranges']) ? (ipam['ranges'] as unknown[]) : [];
  const listed = sets.map((set) => (Array.isArray(set) ? set.filter(isJsonObject) : []));
  return ipam['subnet'] === undefined ? listed : [[ipam], ...listed];
}

function offers(range: JsonObject, address: Address): boolean {
  const edges = edgesOf(range);
  return (
    edges !== undefined &&
    address.family === edges.family &&
    address.value >= edges.first &&
    address.value <= edges.last &&
    address.value !== edges.gateway
  );
}

/** With host-local's defaults; `undefined` for a range that it would refuse itself. */
function edgesOf(range: JsonObject) {
  try {
    const subnet = parseSubnet(textOf(range['subnet']));
    const { family, base } = subnet;
    const broadcast = family === 4 ? 1n : 0n;
    return {
      family,
      first: edgeOf(range, 'rangeStart') ?? base + 1n,
      last: edgeOf(range, 'rangeEnd') ?? lastAddress(subnet).value - broadcast,
      gateway: edgeOf(range, 'gateway') ?? base + 1n
    };
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

function edgeOf(range: JsonObject, key: string): bigint | undefined {
  const text = textOf(range[key]);
  return text === '' ? undefined : parseAddress(text).value;
}

function parseIp(network: string, ip: string): Address {
  try {
    return parseAddress(ip);
  } catch (error) {
    const text = `network ${network}: ${JSON.stringify(ip)} is not an IP address`;
    throw new MooringError('network.badIp', text, { cause: error });
  }
}

function badIp(network: string, ip: string, sets: readonly JsonObject[][]): MooringError {
  const ranges = sets.map((set) => set.map(rangeText).join(' or ')).join(', ') || 'none';
  return new MooringError(
    'network.badIp',
    `network ${network}: ${ip} is not an address its IPAM can give out; its ranges: ${ranges}`
  );
}

function rangeText(range: JsonObject): string {
  const start = textOf(range['rangeStart']);
  const end = textOf(range['rangeEnd']);
  const from = start === '' ? '' : ` from ${start}`;
  const to = end === '' ? '' : ` to ${end}`;
  return `${textOf(range['subnet'])}${from}${to}`;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
