import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { parseSubnet, type Subnet } from '../../model/subnet.ts';

/** What of the address space this host is using, and the names of its interfaces. */
export interface HostNetworks {
  /** Subnets of the addresses of its interfaces. */
  readonly addresses: readonly (Subnet & { readonly interface?: string })[];
  /** Destinations it has routes to, default routes left out. */
  readonly routes: readonly Subnet[];
  readonly interfaces: readonly string[];
}

/** Reads the netns this process is in; `/sys` would show the one it was mounted in. */
export async function readHostNetworks(): Promise<HostNetworks> {
  const [routes4, routes6, interfaces] = await Promise.all([
    readProc('/proc/self/net/route'),
    readProc('/proc/self/net/ipv6_route'),
    interfaceNames()
  ]);
  return {
    addresses: Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.flatMap(({ cidr }) =>
        cidr === null ? [] : [{ ...parseSubnet(cidr), interface: name }]
      )
    ),
    routes: [...parseRoutes4(routes4), ...parseRoutes6(routes6)],
    interfaces
  };
}

/** Every interface of this process's netns, those that are down included. */
export async function interfaceNames(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/net/dev', 'utf8');
  return text.split('\n').flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
}

/**
 * Destinations in `/proc/net/route`, where an address is a number in the host's byte order.
 *
 * @see fib_route_seq_show() in the kernel's net/ipv4/fib_trie.c
 */
export function parseRoutes4(text: string): readonly Subnet[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      if (fields.length < 8) return [];
      const mask = fromHostOrder(fields[7]!);
      const prefix = mask.toString(2).replaceAll('0', '').length;
      return prefix === 0 ? [] : [{ family: 4, base: fromHostOrder(fields[1]!), prefix }];
    });
}

/**
 * Destinations in `/proc/net/ipv6_route`, those of every link (`fe80::/10`, `ff00::/8`) left out.
 *
 * @see rt6_info_route() in the kernel's net/ipv6/route.c
 */
export function parseRoutes6(text: string): readonly Subnet[] {
  return text.split('\n').flatMap((line) => {
    const [destination, prefixHex] = line.trim().split(/\s+/);
    if (destination === undefined || prefixHex === undefined) return [];
    const prefix = Number.parseInt(prefixHex, 16);
    const isOfLink = /^(?:fe[89ab]|ff)/.test(destination);
    return prefix === 0 || isOfLink
      ? []
      : [{ family: 6, base: BigInt(`0x${destination}`), prefix }];
  });
}

function fromHostOrder(hex: string): bigint {
  const bytes = Buffer.from(hex, 'hex');
  return BigInt(bytes.readUInt32LE());
}

// A kernel without IPv6 has no such file.
async function readProc(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return '';
    throw error;
  }
}
