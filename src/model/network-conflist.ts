import type { Conflist } from './conflist.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { NetworkPlan, SubnetPlan } from './network-plan.ts';

/**
 * A network as a CNI configuration list, ready to be written.
 *
 * @param cniVersion one that every plugin of {@link pluginsOf} speaks
 * @see CNI specification 1.1.0, section 1
 */
export function buildConflist(plan: NetworkPlan, cniVersion: string): JsonObject {
  const labelled = Object.keys(plan.labels).length > 0;
  return {
    cniVersion,
    name: plan.name,
    args: { mooring: { dns: false }, ...(labelled ? { mooring_labels: plan.labels } : {}) },
    plugins: plan.driver === 'bridge' ? bridgePlugins(plan) : [macvlanPlugin(plan)]
  };
}

/** Whether {@link buildConflist} has made it. */
export function isOwn({ raw }: Pick<Conflist, 'raw'>): boolean {
  return isJsonObject(raw['args']) && isJsonObject(raw['args']['mooring']);
}

/** File names of the plugins its conflist will call, IPAM plugins included. */
export function pluginsOf({
  driver,
  subnets
}: Pick<NetworkPlan, 'driver' | 'subnets'>): readonly string[] {
  return driver === 'bridge'
    ? ['bridge', 'host-local', 'portmap', 'firewall', 'tuning']
    : ['macvlan', subnets.length === 0 ? 'dhcp' : 'host-local'];
}

function bridgePlugins(plan: NetworkPlan): readonly JsonObject[] {
  return [
    {
      type: 'bridge',
      bridge: plan.interfaceName ?? plan.name,
      isGateway: !plan.internal,
      ipMasq: !plan.internal,
      hairpinMode: true,
      ...(plan.mtu ? { mtu: plan.mtu } : {}),
      ...(plan.vlan ? { vlan: plan.vlan } : {}),
      ipam: hostLocal(plan)
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall' },
    { type: 'tuning' }
  ];
}

function macvlanPlugin(plan: NetworkPlan): JsonObject {
  return {
    type: 'macvlan',
    master: plan.parent ?? '',
    ...(plan.mtu ? { mtu: plan.mtu } : {}),
    ipam: plan.subnets.length === 0 ? { type: 'dhcp' } : hostLocal(plan)
  };
}

function hostLocal({ subnets, internal }: NetworkPlan): JsonObject {
  const routes = subnets.map(({ subnet }) => (subnet.includes(':') ? '::/0' : '0.0.0.0/0'));
  return {
    type: 'host-local',
    ...(internal ? {} : { routes: [...new Set(routes)].map((dst) => ({ dst })) }),
    // A range set each: an address is taken from every one of them.
    ranges: subnets.map((subnet) => [rangeOf(subnet)])
  };
}

function rangeOf({ subnet, rangeStart, rangeEnd, gateway }: SubnetPlan): JsonObject {
  return {
    subnet,
    ...(rangeStart === undefined ? {} : { rangeStart }),
    ...(rangeEnd === undefined ? {} : { rangeEnd }),
    ...(gateway === undefined ? {} : { gateway })
  };
}
