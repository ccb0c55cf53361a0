import { MooringError } from './failure.ts';
import { parseInterfaceName, parseNetworkName } from './names.ts';
import { parseNetworkOptions, type NetworkOptions } from './network-create-options.ts';
import type { NetworkDraft } from './network-plan.ts';
import { parseSubnets } from './network-subnets.ts';

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
}

/**
 * Checks what a network shall be, as far as that is possible without looking at the host.
 *
 * @throws MooringError `network.badName`, `network.badDriver`, `network.badSubnet`,
 *   `network.badOption`, `network.badLabel`, `interface.badName`
 */
export function parseNetworkCreate(input: NetworkCreateInput): NetworkDraft {
  const driver = parseDriver(input.driver ?? 'bridge');
  const name = input.name === undefined ? {} : { name: parseNetworkName(input.name) };
  const options = parseNetworkOptions(driver, input.options ?? {});
  const subnets = parseSubnets(input);
  const internal = input.internal ?? false;
  const wanted = wantedFamilies(
    driver,
    subnets.map(({ subnet }) => (subnet.includes(':') ? 6 : 4)),
    input.ipv6 ?? false
  );
  if (driver === 'macvlan' && internal) {
    throw new MooringError('network.badOption', 'internal is not supported with macvlan');
  }
  const labels = parseLabels(input.labels ?? {});
  const interfaces = parseInterfaces(driver, input.interfaceName, options);
  return { ...name, driver, subnets, wanted, internal, labels, ...options, ...interfaces };
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
  if (text === 'bridge' || text === 'macvlan') return text;
  throw new MooringError('network.badDriver', `driver '${text}' is not supported`);
}

function wantedFamilies(
  driver: NetworkDraft['driver'],
  given: readonly (4 | 6)[],
  ipv6: boolean
): readonly (4 | 6)[] {
  const has6 = given.includes(6);
  if (driver === 'macvlan') {
    if (!ipv6 || has6) return [];
    throw new MooringError(
      'network.badSubnet',
      'ipv6 option requires an IPv6 --subnet to be provided with driver macvlan'
    );
  }
  const want4 = !given.includes(4) && (ipv6 || given.length === 0);
  const want6 = ipv6 && !has6;
  return [...(want4 ? [4 as const] : []), ...(want6 ? [6 as const] : [])];
}

// podman takes the parent of a macvlan under either name.
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
