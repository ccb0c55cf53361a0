import { MooringError } from './failure.ts';
import { parseInterfaceName, parseNetworkName } from './names.ts';
import type { UplinkInput } from './uplink-input.ts';
import { addressText, bitsOf, parseAddress, type Address } from './subnet.ts';

/** One network of a container, as `UpInput` takes it. */
export interface NetworkOption {
  readonly name: string;
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly aliases?: readonly string[];
  readonly interfaceName?: string;
}

/** A `--network` value that says where the netns comes from: no network is attached then. */
export interface NetnsOption {
  readonly netns: 'host' | { readonly path: string } | { readonly container: string };
}

/** A `--network` value that names a program to connect the container with the host's network. */
export interface UplinkOption {
  readonly uplink: UplinkInput;
}

/** Modes that podman has and that are not here. */
const OTHER_MODES = ['private', 'pod'];

/**
 * A `--network` value: `NAME[:ip=…,ip6=…,mac=…,alias=…,interface_name=…]`, `bridge`, `none`,
 * `host`, `ns:PATH`, `container:CTR`, `slirp4netns[:OPTION,…]` or `pasta[:OPTION,…]`.
 *
 * @param defaultNetwork what `bridge` stands for
 * @returns several when names are listed, `front,back`
 * @throws MooringError `network.badMode`, `network.badName`, `network.badOption`, `address.bad`,
 *   `mac.bad`, `alias.bad`, `interface.badName`
 */
export function parseNetworkOption(
  text: string,
  defaultNetwork: string
): readonly NetworkOption[] | 'none' | NetnsOption | UplinkOption {
  const colon = text.indexOf(':');
  const head = colon === -1 ? text : text.slice(0, colon);
  if (text === 'none') return 'none';
  if (head === 'host' || head === 'ns' || head === 'container') return netnsOption(text, head);
  if (head === 'slirp4netns' || head === 'pasta') {
    const options = text.slice(head.length + 1).split(',');
    return { uplink: { kind: head, options: colon === -1 ? [] : options } };
  }
  if (OTHER_MODES.includes(head)) {
    throw new MooringError(
      'network.badMode',
      `network mode ${JSON.stringify(text)} is not the name of a network that Mooring attaches`
    );
  }
  const name = (given: string) => parseNetworkName(given === 'bridge' ? defaultNetwork : given);
  if (colon === -1) return head.split(',').map((given) => ({ name: name(given) }));
  return [{ name: name(head), ...parseOptions(text.slice(colon + 1), text) }];
}

function netnsOption(text: string, mode: 'host' | 'ns' | 'container'): NetnsOption {
  const value = text.slice(mode.length + 1);
  if (mode === 'host') {
    if (text === 'host') return { netns: 'host' };
    throw badMode(text, 'host takes no value');
  }
  if (value === '') throw badMode(text, `${mode}: needs a value`);
  return { netns: mode === 'ns' ? { path: value } : { container: value } };
}

function badMode(text: string, rule: string): MooringError {
  return new MooringError('network.badMode', `network mode ${JSON.stringify(text)}: ${rule}`);
}

/**
 * An address a container may have: no loopback, no multicast, not "any".
 *
 * @returns in its usual spelling
 * @throws MooringError `address.bad`
 */
export function parseHostAddress(text: string): string {
  const address = parseAddress(text);
  if (!isAssignable(address)) {
    throw new MooringError('address.bad', `${addressText(address)} is no address for a container`);
  }
  return addressText(address);
}

/**
 * A MAC address of six bytes, unicast.
 *
 * @returns `aa:bb:cc:dd:ee:01`
 * @throws MooringError `mac.bad`
 */
export function parseMac(text: string): string {
  if (!/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)) {
    throw new MooringError('mac.bad', `${JSON.stringify(text)} is not a MAC address of six bytes`);
  }
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1 || mac === '00:00:00:00:00:00') {
    throw new MooringError('mac.bad', `MAC address ${mac} is not the address of one interface`);
  }
  return mac;
}

/**
 * A further name on a network, under the rule of host names, `_` allowed.
 *
 * @throws MooringError `alias.bad`
 */
export function parseAlias(text: string): string {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text) && !text.includes('..')) {
    return text;
  }
  throw new MooringError(
    'alias.bad',
    `network alias ${JSON.stringify(text)} must be 1 to 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends`
  );
}

function parseOptions(text: string, whole: string): Omit<NetworkOption, 'name'> {
  return text.split(',').reduce<Omit<NetworkOption, 'name'>>((options, option) => {
    const equals = option.indexOf('=');
    const key = equals === -1 ? option : option.slice(0, equals);
    const value = equals === -1 ? '' : option.slice(equals + 1);
    if (value === '') throw badOption(whole, `option ${JSON.stringify(key)} needs a value`);
    return { ...options, ...parseOption(options, key, value, whole) };
  }, {});
}

function parseOption(
  options: Omit<NetworkOption, 'name'>,
  key: string,
  value: string,
  whole: string
): Omit<NetworkOption, 'name'> {
  const once = (given: unknown) => {
    if (given !== undefined) throw badOption(whole, `option "${key}" is given twice`);
  };
  switch (key) {
    case 'ip':
    case 'ip6':
      if (key === 'ip6' && parseAddress(value).family !== 6) {
        throw badOption(whole, `${value} is not an IPv6 address`);
      }
      return { ips: [...(options.ips ?? []), parseHostAddress(value)] };
    case 'mac':
      once(options.mac);
      return { mac: parseMac(value) };
    case 'alias':
      return { aliases: [...(options.aliases ?? []), parseAlias(value)] };
    case 'interface_name':
      once(options.interfaceName);
      return { interfaceName: parseInterfaceName(value) };
    default:
      throw badOption(
        whole,
        `unknown option ${JSON.stringify(key)}; known are ip, ip6, mac, alias and interface_name`
      );
  }
}

function badOption(whole: string, rule: string): MooringError {
  return new MooringError('network.badOption', `network ${JSON.stringify(whole)}: ${rule}`);
}

function isAssignable({ family, value }: Address): boolean {
  const top = Number(value >> BigInt(bitsOf(family) - 8));
  if (family === 4) return top !== 0 && top !== 127 && top < 224;
  return top !== 0xff && value > 1n;
}
