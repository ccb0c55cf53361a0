import type { Drift } from '../../model/drift.ts';
import type { NetworkView } from '../../model/network-view.ts';
import type { SeenHost, SeenLink, SeenNetns, SeenProcess } from '../../model/seen.ts';
import type { ContainerView } from '../../model/view.ts';
import { interfacesOf, type InterfaceNode } from './interfaces.ts';

/** Who is connected to what: as it shall be, as it was recorded, and as the kernel has it. */
export interface Topology {
  /** Milliseconds since the epoch; `null`: the kernel was not looked at. */
  readonly observedAt: number | null;
  readonly bridges: readonly BridgeNode[];
  readonly containers: readonly ContainerNode[];
  readonly processes: readonly SeenProcess[];
  /** Links of the host's own that lead elsewhere: `eth0`. */
  readonly uplinks: readonly SeenLink[];
}

export interface BridgeNode {
  /** Name of the link, `mooring1`; of a network without one, the network's. */
  readonly name: string;
  readonly driver: string;
  /** Networks that use it. */
  readonly networks: readonly string[];
  readonly subnets: readonly string[];
  /** `null`: the kernel was not looked at, or it is not needed there. */
  readonly observed: boolean | null;
  readonly addresses: readonly string[];
  readonly up: boolean;
  readonly containers: number;
}

export interface ContainerNode {
  readonly id: string;
  readonly state: string;
  /** Path; `null` when it has none. */
  readonly netns: string | null;
  readonly interfaces: readonly InterfaceNode[];
  /** `8080→80/tcp` */
  readonly ports: readonly string[];
  readonly differences: readonly Difference[];
  /** Why its netns could not be looked into. */
  readonly failure: string | null;
}

/** Where two of the three truths don't agree. */
export interface Difference {
  /** The thing itself: `eth0`, `10.90.0.2/24`. */
  readonly object: string;
  readonly text: string;
  readonly kind: 'missing' | 'unexpected';
}

export interface TopologyInput {
  readonly containers: readonly ContainerView[];
  readonly networks: readonly Pick<
    NetworkView,
    'name' | 'driver' | 'network_interface' | 'subnets'
  >[];
  readonly seen: SeenHost | null;
}

export function topologyOf(input: TopologyInput): Topology {
  const { containers, seen } = input;
  return {
    observedAt: seen?.at ?? null,
    bridges: bridgesOf(input),
    containers: containers.map((view) => containerNode(view, seen)),
    processes: seen?.processes ?? [],
    uplinks: (seen?.links ?? []).filter(isUplink)
  };
}

function containerNode(view: ContainerView, seen: SeenHost | null): ContainerNode {
  const { id, state, netns, ports } = view;
  const inside = seen?.netns[id];
  const interfaces = interfacesOf(view, inside, seen?.links ?? []);
  return {
    ...{ id, state, interfaces },
    netns: netns?.path ?? null,
    ports: ports.map(portText),
    differences: [
      ...view.drifts.map(difference),
      ...interfaces.flatMap((one) => one.differences),
      ...strangers(interfaces, inside)
    ].filter(isFirst),
    failure: inside?.failure?.message ?? null
  };
}

function difference({ object, text }: Drift): Difference {
  return { object, text, kind: 'missing' };
}

// The same may be told by a look of its actor and by that of the inspector.
function isFirst(one: Difference, index: number, all: readonly Difference[]): boolean {
  return all.findIndex(({ object, kind }) => object === one.object && kind === one.kind) === index;
}

function strangers(
  interfaces: readonly InterfaceNode[],
  inside: SeenNetns | undefined
): readonly Difference[] {
  const known = new Set(interfaces.map(({ name }) => name));
  return (inside?.links ?? [])
    .filter(({ name }) => name !== 'lo' && !known.has(name))
    .map(({ name }) => ({
      object: name,
      text: `link ${name} is not of any network it shall have`,
      kind: 'unexpected'
    }));
}

function bridgesOf({ networks, containers, seen }: TopologyInput): readonly BridgeNode[] {
  const byName = new Map<string, BridgeNode>();
  for (const { name: network, driver, network_interface: link, subnets } of networks) {
    const name = link === '' ? network : link;
    const found = seen?.links.find((one) => one.name === name);
    const known = byName.get(name);
    byName.set(name, {
      name,
      driver,
      networks: [...(known?.networks ?? []), network],
      subnets: [...(known?.subnets ?? []), ...subnets.map(({ subnet }) => subnet)],
      observed: seen === null || link === '' ? null : found !== undefined,
      addresses: found?.addresses ?? [],
      up: found?.up ?? false,
      containers: (known?.containers ?? 0) + membersOf(network, containers)
    });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function membersOf(network: string, containers: readonly ContainerView[]): number {
  return containers.filter(({ spec }) => spec.networks.some((one) => one.network === network))
    .length;
}

// What is neither a bridge nor the host's end of a pair.
function isUplink({ kind, name }: SeenLink): boolean {
  return name !== 'lo' && kind !== 'bridge' && kind !== 'veth';
}

function portText({
  hostIp,
  hostPort,
  containerPort,
  range,
  protocol
}: ContainerView['ports'][number]): string {
  const span = (port: number) => (range > 1 ? `${port}-${port + range - 1}` : String(port));
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${host === '' ? '' : `${host}:`}${span(hostPort)}→${span(containerPort)}/${protocol}`;
}
