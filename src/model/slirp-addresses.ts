import { MooringError } from './failure.ts';
import { addressText, contains, parseSubnet, subnetText } from './subnet.ts';

/** Where who is found in a netns that slirp4netns connects. */
export interface SlirpAddresses {
  /** Of the tap, `10.0.2.100`. */
  readonly container: string;
  readonly prefix: number;
  /** The host, and the router to everywhere: `10.0.2.2`. */
  readonly gateway: string;
  /** Forwards to the host's name servers: `10.0.2.3`. */
  readonly dns: string;
}

const GATEWAY = 2n;
const DNS = 3n;
const CONTAINER = 100n;

/** Of the IPv6 network, which can't be chosen; the container's address in it is made from its MAC. */
export const SLIRP_IPV6 = { prefix: 'fd00::/64', gateway: 'fd00::2', dns: 'fd00::3' } as const;

/**
 * @param cidr IPv4 network, `10.0.2.0/24`
 * @throws MooringError `slirp.badAddress` when the network is too small for the container's
 */
export function slirpAddresses(cidr: string): SlirpAddresses {
  return {
    container: addressAbove(cidr, CONTAINER),
    prefix: parseSubnet(cidr).prefix,
    gateway: addressAbove(cidr, GATEWAY),
    dns: addressAbove(cidr, DNS)
  };
}

/**
 * The address that many above the network's own.
 *
 * @throws MooringError `slirp.badAddress`
 */
export function addressAbove(cidr: string, offset: bigint): string {
  const subnet = parseSubnet(cidr);
  const value = subnet.base + offset;
  if (value >> 32n !== 0n) {
    throw new MooringError(
      'slirp.badAddress',
      'integer overflow while calculating ip address offset'
    );
  }
  const address = { family: subnet.family, value };
  if (contains(subnet, address)) return addressText(address);
  throw new MooringError(
    'slirp.badAddress',
    `calculated ip address ${addressText(address)} is not within given subnet ${subnetText(subnet)}`
  );
}
