import { MooringError } from '../../model/failure.ts';
import type { Conflist } from '../../model/conflist.ts';
import { bridgesOf } from '../../model/attachment.ts';
import { rangesOf } from '../../model/network-describe.ts';
import type { NamesBy, NetworkDraft, NetworkPlan, SubnetPlan } from '../../model/network-plan.ts';
import { checkRoutes } from '../../model/network-routes.ts';
import { planSubnet } from '../../model/network-subnets.ts';
import { freeSubnet, randomSubnet6 } from '../../model/subnet-choice.ts';
import { overlaps, parseSubnet, subnetText, type Subnet } from '../../model/subnet.ts';
import type { HostNetworks } from './host-subnets.ts';

/** Where IPv4 subnets are chosen from, in this order. */
export interface Pool {
  /** CIDR. */
  readonly subnet: string;
  /** Prefix length of what is chosen. */
  readonly prefix: number;
}

/** What is in use already. */
export interface Surroundings {
  readonly conflists: readonly Conflist[];
  readonly host: HostNetworks;
}

export interface Choices {
  readonly pools: readonly Pool[];
  readonly randomBytes: (length: number) => Uint8Array;
  /** What this host has to answer for names. */
  readonly namesBy: NamesBy;
}

/**
 * Chooses what a draft leaves open, and refuses what would clash.
 *
 * @throws MooringError `network.subnetInUse`, `network.bridgeInUse`, `network.noParent`, `network.noFreeSubnet`, `network.badRoute`
 */
export function completePlan(
  draft: NetworkDraft,
  around: Surroundings,
  choices: Choices
): NetworkPlan {
  const { wanted, dns, ...rest } = draft;
  if (draft.driver !== 'bridge') {
    checkParent(draft, around.host);
    checkRoutes(draft.routes, draft.subnets);
    return { ...rest, dns: 'nothing', name: draft.name ?? freeName(around) };
  }
  for (const { subnet } of draft.subnets) checkUnused(parseSubnet(subnet), around);
  const interfaceName = bridgeName(draft, around);
  const taken = takenSubnets(draft.subnets, around);
  const chosen = wanted.map((family) =>
    planSubnet(chooseSubnet(family, taken, choices), { internal: draft.internal })
  );
  const subnets = [...draft.subnets, ...chosen];
  checkRoutes(draft.routes, subnets);
  return {
    ...rest,
    dns: dns ? choices.namesBy : 'nothing',
    interfaceName,
    name: draft.name ?? interfaceName,
    subnets
  };
}

function checkParent({ parent }: NetworkDraft, { interfaces }: HostNetworks): void {
  if (!parent || interfaces.includes(parent)) return;
  throw new MooringError('network.noParent', `parent interface ${parent} does not exists`);
}

// Routes aren't looked at: whoever names a subnet may mean to take it from one.
function checkUnused(subnet: Subnet, { conflists, host }: Surroundings): void {
  const clashes = (other: Subnet) => overlaps(other, subnet);
  const rival = conflists.find((conflist) => bridgeRanges([conflist]).some(clashes));
  if (rival !== undefined) {
    throw inUse(
      `network ${subnetText(subnet)} is already being used by a cni configuration: ${rival.name}`
    );
  }
  const address = host.addresses.find(clashes);
  if (address !== undefined) {
    const at = address.interface === undefined ? '' : ` ${address.interface}`;
    throw inUse(
      `network ${subnetText(subnet)} is being used by a network interface:${at} with ${subnetText(address)}`
    );
  }
}

function bridgeName({ interfaceName }: NetworkDraft, around: Surroundings): string {
  if (interfaceName === undefined) return freeName(around);
  if (!around.conflists.flatMap(bridgesOf).includes(interfaceName)) return interfaceName;
  throw new MooringError('network.bridgeInUse', `bridge name ${interfaceName} already in use`);
}

// From 1: mooring0 is the default network's.
function freeName({ conflists, host }: Surroundings): string {
  const taken = new Set([
    ...conflists.map(({ name }) => name),
    ...conflists.flatMap(bridgesOf),
    ...host.interfaces
  ]);
  let number = 1;
  while (taken.has(`mooring${number}`)) number += 1;
  return `mooring${number}`;
}

function takenSubnets(
  own: readonly SubnetPlan[],
  { conflists, host }: Surroundings
): readonly Subnet[] {
  return [
    ...own.map(({ subnet }) => parseSubnet(subnet)),
    ...conflists.flatMap(rangesOf).flatMap(parseForeign),
    ...host.addresses,
    ...host.routes
  ];
}

function chooseSubnet(family: 4 | 6, taken: readonly Subnet[], choices: Choices): Subnet {
  if (family === 6) {
    const random = randomSubnet6(choices.randomBytes, taken);
    if (random !== undefined) return random;
    throw new MooringError('network.noFreeSubnet', 'no free IPv6 subnet found in fd00::/8');
  }
  for (const { subnet, prefix } of choices.pools) {
    const free = freeSubnet(parseSubnet(subnet), prefix, taken);
    if (free !== undefined) return free;
  }
  const pools = [...new Set(choices.pools.map(({ subnet }) => subnet))].join(', ');
  throw new MooringError(
    'network.noFreeSubnet',
    `no free IPv4 subnet in ${pools}: networks, interfaces and routes of this host take it all; give one with --subnet`
  );
}

// A macvlan shares the subnet of the LAN it is on, so only bridges count.
function bridgeRanges(conflists: readonly Conflist[]): readonly Subnet[] {
  return conflists
    .filter((conflist) => bridgesOf(conflist).length > 0)
    .flatMap(rangesOf)
    .flatMap(parseForeign);
}

// Somebody else's file may hold anything there; its plugin will say so.
function parseForeign(cidr: string): readonly Subnet[] {
  try {
    return [parseSubnet(cidr)];
  } catch {
    return [];
  }
}

function inUse(message: string): MooringError {
  return new MooringError('network.subnetInUse', message);
}
