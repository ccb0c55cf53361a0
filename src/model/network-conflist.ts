import type { Conflist } from './conflist.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { NetworkPlan, SubnetPlan } from './network-plan.ts';

/** The domain of names, as podman has it. */
const DOMAIN = 'dns.podman';

/**
 * A network as a CNI configuration list, ready to be written.
 *
 * @param cniVersion one that every plugin of {@link pluginsOf} speaks
 * @see CNI specification 1.1.0, section 1
 */
export function buildConflist(
  plan: NetworkPlan,
  cniVersion: string,
  further: readonly JsonObject[] = []
): JsonObject {
  const labelled = Object.keys(plan.labels).length > 0;
  return {
    cniVersion,
    name: plan.name,
    args: {
      mooring: { dns: plan.dns === 'server' },
      ...(labelled ? { mooring_labels: plan.labels } : {})
    },
    plugins: [...(plan.driver === 'bridge' ? bridgePlugins(plan) : [vlanPlugin(plan)]), ...further]
  };
}

/** Whether {@link buildConflist} has made it. */
export function isOwn({ raw }: Pick<Conflist, 'raw'>): boolean {
  return isJsonObject(raw['args']) && isJsonObject(raw['args']['mooring']);
}

/** File names of the plugins its conflist will call, IPAM plugins included. */
export function pluginsOf({
  driver,
  ipam,
  dns
}: Pick<NetworkPlan, 'driver' | 'ipam' | 'dns'>): readonly string[] {
  const addresses = ipam === 'none' ? [] : [ipam];
  const names = dns === 'dnsname' ? ['dnsname'] : [];
  return driver === 'bridge'
    ? ['bridge', ...addresses, 'portmap', 'firewall', 'tuning', ...names]
    : [driver, ...addresses];
}

function bridgePlugins(plan: NetworkPlan): readonly JsonObject[] {
  // Without addresses there is nothing to be a gateway of.
  const isRouted = !plan.internal && plan.ipam !== 'none';
  const dnsname = { type: 'dnsname', domainName: DOMAIN, capabilities: { aliases: true } };
  return [
    {
      type: 'bridge',
      bridge: plan.interfaceName ?? plan.name,
      isGateway: isRouted,
      ipMasq: isRouted,
      hairpinMode: true,
      ...(plan.mtu ? { mtu: plan.mtu } : {}),
      ...(plan.vlan ? { vlan: plan.vlan } : {}),
      ipam: ipamOf(plan)
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall', ...(plan.isolate ? { ingressPolicy: 'same-bridge' } : {}) },
    { type: 'tuning' },
    ...(plan.dns === 'dnsname' ? [dnsname] : [])
  ];
}

function vlanPlugin(plan: NetworkPlan): JsonObject {
  return {
    type: plan.driver,
    master: plan.parent ?? '',
    ...(plan.mode === undefined ? {} : { mode: plan.mode }),
    ...(plan.mtu ? { mtu: plan.mtu } : {}),
    ipam: ipamOf(plan)
  };
}

function ipamOf(plan: NetworkPlan): JsonObject {
  if (plan.ipam === 'none') return {};
  if (plan.ipam === 'dhcp') return { type: 'dhcp' };
  const routes = routesOf(plan);
  return {
    type: 'host-local',
    ...(routes.length === 0 ? {} : { routes }),
    // A range set each: an address is taken from every one of them.
    ranges: plan.subnets.map((subnet) => [rangeOf(subnet)])
  };
}

// A default route of one's own takes the place of the usual one.
function routesOf({ subnets, internal, routes, metric }: NetworkPlan): readonly JsonObject[] {
  const families = subnets.map(({ subnet }) => (subnet.includes(':') ? '::/0' : '0.0.0.0/0'));
  const usual = internal
    ? []
    : [...new Set(families)].filter((family) => !routes.some(({ dst }) => dst === family));
  return [
    ...usual.map((dst) => ({ dst, ...(metric ? { priority: metric } : {}) })),
    ...routes.map(({ dst, gw, metric: own }) => ({ dst, gw, ...(own ? { priority: own } : {}) }))
  ];
}

function rangeOf({ subnet, rangeStart, rangeEnd, gateway }: SubnetPlan): JsonObject {
  return {
    subnet,
    ...(rangeStart === undefined ? {} : { rangeStart }),
    ...(rangeEnd === undefined ? {} : { rangeEnd }),
    ...(gateway === undefined ? {} : { gateway })
  };
}
