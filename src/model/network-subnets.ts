import { failureOf, MooringError } from './failure.ts';
import type { SubnetPlan } from './network-plan.ts';
import {
  addressText,
  bitsOf,
  contains,
  containsSubnet,
  firstAddress,
  lastAddress,
  overlaps,
  parseAddress,
  parseSubnet,
  subnetText,
  type Address,
  type Subnet
} from './subnet.ts';

interface SubnetsInput {
  readonly subnets?: readonly string[];
  readonly gateways?: readonly string[];
  readonly ipRanges?: readonly string[];
  readonly internal?: boolean;
}

/**
 * Subnets with their gateways and lease ranges, paired by position.
 *
 * @throws MooringError `network.badSubnet`
 */
export function parseSubnets(input: SubnetsInput): readonly SubnetPlan[] {
  const { subnets = [], gateways = [], ipRanges = [], internal = false } = input;
  if (gateways.length > subnets.length || ipRanges.length > subnets.length) {
    throw bad('every ip-range or gateway must have a corresponding subnet');
  }
  const parsed = subnets.map(parseUsable);
  parsed.forEach((subnet, index) => {
    const twin = parsed.slice(0, index).find((other) => overlaps(other, subnet));
    if (twin !== undefined) throw bad(`subnet ${subnetText(subnet)} overlaps ${subnetText(twin)}`);
  });
  return parsed.map((subnet, index) => ({
    ...planSubnet(subnet, { internal, gateway: gateways[index] }),
    ...planRange(subnet, ipRanges[index])
  }));
}

/** A subnet nobody gave details of: its first address is the gateway, unless nothing leaves the network. */
export function planSubnet(
  subnet: Subnet,
  { internal, gateway }: { readonly internal: boolean; readonly gateway?: string | undefined }
): SubnetPlan {
  if (gateway === undefined) {
    const implied = internal ? {} : { gateway: addressText(firstAddress(subnet)) };
    return { subnet: subnetText(subnet), ...implied };
  }
  return { subnet: subnetText(subnet), gateway: addressText(parseGateway(gateway, subnet)) };
}

/** First and last address to lease from a range: `192.168.0.128/25` gives `.129` and `.255`. */
export function leaseRange(range: Subnet): { readonly start: Address; readonly end: Address } {
  return { start: firstAddress(range), end: lastAddress(range) };
}

function planRange(subnet: Subnet, text: string | undefined): Partial<SubnetPlan> {
  if (text === undefined) return {};
  const range = attempt(() => parseSubnet(text));
  if (!containsSubnet(subnet, range)) {
    throw bad(`the ip range ${subnetText(range)} is not in subnet ${subnetText(subnet)}`);
  }
  const { start, end } = leaseRange(range);
  return { rangeStart: addressText(start), rangeEnd: addressText(withoutBroadcast(end, subnet)) };
}

// host-local leases whatever a range names, the broadcast address included.
function withoutBroadcast(address: Address, subnet: Subnet): Address {
  const isBroadcast = address.family === 4 && address.value === lastAddress(subnet).value;
  return isBroadcast ? { ...address, value: address.value - 1n } : address;
}

function parseUsable(text: string): Subnet {
  const subnet = attempt(() => parseSubnet(text));
  // host-local refuses what cannot hold a gateway and a container.
  if (subnet.prefix === 0 || subnet.prefix > bitsOf(subnet.family) - 2) {
    throw bad(`network ${subnetText(subnet)}'s mask is invalid: it must leave 4 addresses or more`);
  }
  return subnet;
}

function parseGateway(text: string, subnet: Subnet): Address {
  const gateway = attempt(() => parseAddress(text));
  if (!contains(subnet, gateway)) {
    throw bad(`gateway ${addressText(gateway)} not in subnet ${subnetText(subnet)}`);
  }
  const isBroadcast = gateway.family === 4 && gateway.value === lastAddress(subnet).value;
  if (gateway.value === subnet.base || isBroadcast) {
    throw bad(
      `gateway ${addressText(gateway)} is the first or last address of ${subnetText(subnet)}`
    );
  }
  return gateway;
}

function attempt<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw bad(failureOf(error, 'subnet').message);
  }
}

function bad(message: string): MooringError {
  return new MooringError('network.badSubnet', message);
}
