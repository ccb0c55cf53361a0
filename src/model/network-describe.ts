import type { Conflist, PluginConf } from './conflist.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { NetworkView } from './network-view.ts';

/** What a conflist alone doesn't tell about its network. */
export interface DefinedNetwork {
  readonly conflist: Conflist;
  /** Absolute path. */
  readonly file: string;
  /** sha256 of the name, hex. */
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
}

/** A network in the words of `podman network inspect` 4, whoever wrote its file. */
export function describeNetwork({ conflist, file, id, created }: DefinedNetwork): NetworkView {
  const main = mainPlugin(conflist);
  const ipam = isJsonObject(main?.['ipam']) ? main['ipam'] : {};
  const subnets = subnetsOf(ipam);
  const routes = routesOf(ipam);
  const isServed = conflist.plugins.some(({ type }) => type === 'dnsname');
  const driver = text(ipam['type']);
  return {
    name: conflist.name,
    id,
    driver: main?.type ?? '',
    network_interface: text(main?.['bridge']) ?? text(main?.['master']) ?? '',
    created,
    subnets,
    ...(routes.length === 0 ? {} : { routes }),
    ipv6_enabled: subnets.some(({ subnet }) => subnet.includes(':')),
    internal:
      main?.type === 'bridge' &&
      driver !== undefined &&
      main['isGateway'] !== true &&
      main['ipMasq'] !== true,
    dns_enabled: isServed || asksForServer(conflist.raw),
    labels: labelsOf(conflist.raw),
    options: optionsOf(conflist, main, ipam),
    ipam_options: { driver: driver ?? 'none' },
    cniVersion: conflist.cniVersion,
    plugins: conflist.plugins,
    file
  };
}

/** Type of the plugin that makes the interface, `bridge`. */
export function driverOf(conflist: Pick<Conflist, 'plugins'>): string {
  return mainPlugin(conflist)?.type ?? '';
}

/** CIDRs that a conflist's IPAM hands addresses out of, as they are written there. */
export function rangesOf({ plugins }: Pick<Conflist, 'plugins'>): readonly string[] {
  return plugins.flatMap(({ ipam }) =>
    isJsonObject(ipam) ? subnetsOf(ipam).map(({ subnet }) => subnet) : []
  );
}

// The one that makes the interface: the first of a kind that can, since all others modify.
function mainPlugin({ plugins }: Pick<Conflist, 'plugins'>): PluginConf | undefined {
  return plugins.find(({ ipam }) => ipam !== undefined) ?? plugins[0];
}

function subnetsOf(ipam: JsonObject): NetworkView['subnets'] {
  const sets = list(ipam['ranges']).map(list);
  // The form before 0.6 of host-local: one range in the object itself.
  const ranges = sets.length > 0 ? sets.flat() : [ipam];
  return ranges.filter(isJsonObject).flatMap((range) => {
    const subnet = text(range['subnet']);
    if (subnet === undefined) return [];
    const gateway = text(range['gateway']);
    const start = text(range['rangeStart']);
    const end = text(range['rangeEnd']);
    const lease = {
      ...(start === undefined ? {} : { start_ip: start }),
      ...(end === undefined ? {} : { end_ip: end })
    };
    return [
      {
        subnet,
        ...(gateway === undefined ? {} : { gateway }),
        ...(start === undefined && end === undefined ? {} : { lease_range: lease })
      }
    ];
  });
}

function labelsOf(raw: JsonObject): Readonly<Record<string, string>> {
  const args = isJsonObject(raw['args']) ? raw['args'] : {};
  const entries = [args['podman_labels'], args['mooring_labels']]
    .filter((labels) => labels !== undefined)
    .flatMap((labels) => (isJsonObject(labels) ? Object.entries(labels) : []))
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}

function optionsOf(
  { plugins }: Conflist,
  main: PluginConf | undefined,
  ipam: JsonObject
): Readonly<Record<string, string>> {
  const mode = text(main?.['mode']);
  const isIsolated = plugins.some(({ ingressPolicy }) => ingressPolicy === 'same-bridge');
  const [usual] = list(ipam['routes']).filter((route) => isJsonObject(route) && !route['gw']);
  return {
    ...numeric('mtu', main?.['mtu']),
    ...numeric('vlan', main?.['vlan']),
    ...(mode ? { mode } : {}),
    ...(isIsolated ? { isolate: 'true' } : {}),
    ...numeric('metric', isJsonObject(usual) ? usual['priority'] : undefined)
  };
}

function numeric(key: string, value: Json | undefined): Readonly<Record<string, string>> {
  return typeof value === 'number' && value !== 0 ? { [key]: String(value) } : {};
}

function routesOf(ipam: JsonObject): NonNullable<NetworkView['routes']> {
  return list(ipam['routes'])
    .filter(isJsonObject)
    .flatMap((route) => {
      const destination = text(route['dst']);
      const gateway = text(route['gw']);
      if (destination === undefined || gateway === undefined) return [];
      const metric = route['priority'];
      return [{ destination, gateway, ...(typeof metric === 'number' ? { metric } : {}) }];
    });
}

function asksForServer(raw: JsonObject): boolean {
  const args = isJsonObject(raw['args']) ? raw['args'] : {};
  return isJsonObject(args['mooring']) && args['mooring']['dns'] === true;
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
