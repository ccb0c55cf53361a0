import { MooringError } from './failure.ts';
import { parseInterfaceName, parseNetworkName } from './names.ts';
import { parseNetworkOptions, type NetworkOptions } from './network-create-options.ts';
import type { Driver, IpamDriver, NetworkDraft } from './network-plan.ts';
import { parseRoute } from './network-routes.ts';
import { parseSubnets } from './network-subnets.ts';

/** What a macvlan or ipvlan without subnet has. */
const VLAN_IPAM = { macvlan: 'dhcp', ipvlan: 'none' } as const;

/** `NetworkInput` as it comes from a caller who may be mistaken about the driver. */
export interface NetworkCreateInput {
  readonly name?: string;
  readonly driver?: string;
  readonly subnets?: readonly string[];
  readonly gateways?: readonly string[];
  readonly ipRanges?: readonly string[];
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly interfaceName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly ipamDriver?: string;
  readonly routes?: readonly string[];
  readonly disableDns?: boolean;
}

/**
 * Checks what a network shall be, as far as that is possible without looking at the host.
 *
 * @throws MooringError `network.badName`, `network.badDriver`, `network.badSubnet`,
 *   `network.badOption`, `network.badIpam`, `network.badRoute`, `network.badLabel`, `interface.badName`
 */
export function parseNetworkCreate(input: NetworkCreateInput): NetworkDraft {
  const driver = parseDriver(input.driver ?? 'bridge');
  const name = input.name === undefined ? {} : { name: parseOwnName(input.name) };
  const options = parseNetworkOptions(driver, input.options ?? {});
  const subnets = parseSubnets(input);
  const internal = input.internal ?? false;
  if (driver !== 'bridge' && internal) {
    throw new MooringError('network.badOption', `internal is not supported with ${driver}`);
  }
  const ipam = parseIpamDriver(driver, input.ipamDriver, subnets.length);
  const given = subnets.map(({ subnet }) => (subnet.includes(':') ? 6 : 4));
  return {
    ...name,
    driver,
    ipam,
    subnets,
    wanted: ipam === 'none' ? [] : wantedFamilies(driver, given, input.ipv6 ?? false),
    routes: (input.routes ?? []).map(parseRoute),
    internal,
    // Nothing on the host could answer on the others.
    dns: driver === 'bridge' && ipam !== 'none' && !internal && !(input.disableDns ?? false),
    labels: parseLabels(input.labels ?? {}),
    ...options,
    ...parseInterfaces(driver, input.interfaceName, options)
  };
}

/** Values of `--network` that are no names: a network of such a name could never be asked for. */
const MODES = [
  'none',
  'host',
  'bridge',
  'private',
  'pod',
  'ns',
  'container',
  'slirp4netns',
  'pasta'
];

function parseOwnName(text: string): string {
  const name = parseNetworkName(text);
  if (!MODES.includes(name)) return name;
  throw new MooringError(
    'network.badName',
    `cannot create network with name "${name}" because it conflicts with a valid network mode`
  );
}

/**
 * `KEY[=VALUE]` words of a command line, `mtu=9000`, as an object; the last of a key wins.
 *
 * @throws MooringError `network.badOption`
 */
export function parsePairs(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const [key = '', ...value] = word.split('=');
      if (key === '') {
        throw new MooringError('network.badOption', `${JSON.stringify(word)} is not KEY=VALUE`);
      }
      return [key, value.join('=')];
    })
  );
}

function parseDriver(text: string): NetworkDraft['driver'] {
  if (text === 'bridge' || text === 'macvlan' || text === 'ipvlan') return text;
  throw new MooringError('network.badDriver', `driver '${text}' is not supported`);
}

function parseIpamDriver(driver: Driver, text: string | undefined, subnets: number): IpamDriver {
  const ipam = text ?? (driver === 'bridge' || subnets > 0 ? 'host-local' : VLAN_IPAM[driver]);
  if (ipam !== 'host-local' && ipam !== 'dhcp' && ipam !== 'none') {
    throw badIpam(`unsupported ipam driver ${JSON.stringify(text)}`);
  }
  // All ipvlans of a parent have its MAC address, which is what DHCP tells them by.
  if (ipam === 'dhcp' && driver !== 'macvlan') {
    throw badIpam(`ipam driver dhcp is not supported with ${driver}`);
  }
  if (ipam !== 'host-local' && subnets > 0) {
    throw badIpam(`${ipam} ipam driver is set but subnets are given`);
  }
  if (ipam === 'host-local' && driver !== 'bridge' && subnets === 0) {
    throw badIpam('host-local ipam driver is set but no subnets are given');
  }
  return ipam;
}

function badIpam(message: string): MooringError {
  return new MooringError('network.badIpam', message);
}

function wantedFamilies(
  driver: NetworkDraft['driver'],
  given: readonly (4 | 6)[],
  ipv6: boolean
): readonly (4 | 6)[] {
  const has6 = given.includes(6);
  if (driver !== 'bridge') {
    if (!ipv6 || has6) return [];
    throw new MooringError(
      'network.badSubnet',
      `ipv6 option requires an IPv6 --subnet to be provided with driver ${driver}`
    );
  }
  const want4 = !given.includes(4) && (ipv6 || given.length === 0);
  const want6 = ipv6 && !has6;
  return [...(want4 ? [4 as const] : []), ...(want6 ? [6 as const] : [])];
}

// podman takes the parent of a macvlan or ipvlan under either name.
function parseInterfaces(
  driver: NetworkDraft['driver'],
  interfaceName: string | undefined,
  { parent }: NetworkOptions
): Pick<NetworkDraft, 'interfaceName' | 'parent'> {
  if (driver === 'bridge') {
    return interfaceName === undefined ? {} : { interfaceName: parseBridgeName(interfaceName) };
  }
  if (interfaceName !== undefined && parent !== undefined && interfaceName !== parent) {
    throw new MooringError(
      'network.badOption',
      `interface name ${interfaceName} and parent ${parent} name two parents`
    );
  }
  const given = parent ?? interfaceName ?? '';
  return { parent: given === '' ? '' : parseInterfaceName(given) };
}

// Stricter than the kernel: the name may become the network's.
function parseBridgeName(text: string): string {
  return parseNetworkName(parseInterfaceName(text));
}

function parseLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(labels)) {
    if (key !== '' && typeof value === 'string') continue;
    throw new MooringError(
      'network.badLabel',
      `label ${JSON.stringify(key)} must be a text with a name`
    );
  }
  return labels;
}
