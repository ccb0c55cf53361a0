import { isCidr } from './cni-ip.ts';
import { MooringError } from './failure.ts';
import { parseInterfaceName } from './names.ts';
import { addressText, parseAddress, parseSubnet, type Family } from './subnet.ts';

/**
 * How slirp4netns connects a netns, with every default filled in.
 *
 * @see slirp4netns(1)
 */
export interface SlirpOptions {
  /** IPv4 network of the container, `10.0.2.0/24`. */
  readonly cidr: string;
  /** Of the tap, bytes. */
  readonly mtuBytes: number;
  readonly portHandler: SlirpPortHandler;
  /** Whether the host's loopback is reached at the gateway's address. */
  readonly allowHostLoopback: boolean;
  readonly enableIpv6: boolean;
  /** Source of what goes out: an address of the host or the name of an interface. */
  readonly outboundAddr?: string;
  readonly outboundAddr6?: string;
}

/** `rootlesskit`: a forwarder of ours connects to the container; `slirp4netns`: it forwards itself. */
export type SlirpPortHandler = 'rootlesskit' | 'slirp4netns';

export const SLIRP_DEFAULTS: SlirpOptions = {
  cidr: '10.0.2.0/24',
  mtuBytes: 65_520,
  portHandler: 'rootlesskit',
  allowHostLoopback: false,
  enableIpv6: true
};

const MTU_MIN = 68;
const MTU_MAX = 65_521;
const PREFIX_MIN = 1;
// A hundred addresses above the network's there must be one for the container.
const PREFIX_MAX = 25;

/**
 * The options of `--network slirp4netns:OPTION,…`; a later one overrides an earlier one.
 *
 * @param options `['mtu=9000', 'enable_ipv6=false']`; those of the configuration first
 * @throws MooringError `slirp.badOption`
 */
export function parseSlirpOptions(options: readonly string[]): SlirpOptions {
  const parsed = options.reduce<SlirpOptions>(
    (before, text) => ({ ...before, ...parseOption(text) }),
    SLIRP_DEFAULTS
  );
  if (parsed.outboundAddr6 !== undefined && !parsed.enableIpv6) {
    throw bad('enable_ipv6=true is required for outbound_addr6');
  }
  return parsed;
}

function parseOption(text: string): Partial<SlirpOptions> {
  const equals = text.indexOf('=');
  const key = equals === -1 ? text : text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (equals === -1 || !Object.hasOwn(PARSERS, key)) {
    throw bad(`unknown option for slirp4netns: ${JSON.stringify(text)}`);
  }
  return PARSERS[key as keyof typeof PARSERS](value);
}

const PARSERS = {
  cidr: (value: string) => ({ cidr: parseCidr(value) }),
  port_handler: (value: string) => ({ portHandler: parsePortHandler(value) }),
  allow_host_loopback: (value: string) => ({
    allowHostLoopback: parseBoolean('allow_host_loopback', value)
  }),
  enable_ipv6: (value: string) => ({ enableIpv6: parseBoolean('enable_ipv6', value) }),
  outbound_addr: (value: string) => ({
    outboundAddr: parseOutbound(value, 4, `invalid outbound_addr ${JSON.stringify(value)}`)
  }),
  outbound_addr6: (value: string) => ({
    outboundAddr6: parseOutbound(value, 6, `invalid outbound_addr6: ${JSON.stringify(value)}`)
  }),
  mtu: (value: string) => ({ mtuBytes: parseMtu(value) })
};

function parseCidr(value: string): string {
  const refuse = (rule: string) => bad(`invalid cidr ${JSON.stringify(value)}${rule}`);
  if (!isCidr(value) || value.includes(':')) throw refuse('');
  const subnet = parseSubnet(value);
  const network = addressText({ family: 4, value: subnet.base });
  if (network !== value.split('/')[0]) throw refuse(`: it must be a network address, ${network}`);
  if (subnet.prefix < PREFIX_MIN || subnet.prefix > PREFIX_MAX) {
    throw refuse(`: its prefix length must be ${PREFIX_MIN}-${PREFIX_MAX}`);
  }
  return value;
}

function parsePortHandler(value: string): SlirpPortHandler {
  if (value === 'rootlesskit' || value === 'slirp4netns') return value;
  throw bad(`unknown port_handler for slirp4netns: ${JSON.stringify(value)}`);
}

function parseBoolean(key: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw bad(`invalid value of ${key} for slirp4netns: ${JSON.stringify(value)}`);
}

// Whether this host has the interface is seen where slirp4netns is started.
function parseOutbound(value: string, family: Family, refusal: string): string {
  try {
    const isAddress = /^[\d.]+$|:/.test(value);
    if (!isAddress) return parseInterfaceName(value);
    const address = parseAddress(value);
    if (address.family === family) return addressText(address);
  } catch (cause) {
    throw bad(refusal, cause);
  }
  throw bad(refusal);
}

function parseMtu(value: string): number {
  const mtu = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (mtu >= MTU_MIN && mtu <= MTU_MAX) return mtu;
  throw bad(`invalid mtu ${JSON.stringify(value)}: it must be ${MTU_MIN} to ${MTU_MAX}`);
}

function bad(message: string, cause?: unknown): MooringError {
  return new MooringError('slirp.badOption', message, { cause });
}
