import type { Attachment, AttachmentPlan } from '../../model/container.ts';
import type { Conflist } from '../../model/conflist.ts';
import type { NetworkPlan } from './plan.ts';

/** `br-front` */
export function bridgeOf(network: string): string {
  return `br-${network}`;
}

/** The conflist of a network: what its plugins do is in `chain.ts`. */
export function conflistOf({ name }: Pick<NetworkPlan, 'name'>): Conflist {
  const plugins = [
    { type: 'bridge', bridge: bridgeOf(name), ipMasq: true, ipam: { type: 'host-local' } },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall' }
  ];
  return {
    name,
    cniVersion: '1.0.0',
    disableCheck: false,
    disableGC: false,
    loadOnlyInlinedPlugins: false,
    plugins,
    raw: { cniVersion: '1.0.0', name, plugins }
  };
}

export function planOf(network: NetworkPlan, ifName: string): AttachmentPlan {
  return {
    network: network.name,
    ifName,
    conflist: conflistOf(network),
    args: [['IgnoreUnknown', '1']],
    capabilityArgs: {}
  };
}

/** The n-th address of a network, from 1; those of two networks differ. */
export function addressOf(index: number, count: number, family: 4 | 6): string {
  const host = count + 1;
  return family === 4 ? `10.${90 + index}.0.${host}` : `fd00:${index + 1}::${host.toString(16)}`;
}

/** Host ports that an attachment publishes. */
export function portsOf({ capabilityArgs }: Pick<Attachment, 'capabilityArgs'>): readonly number[] {
  const mappings = capabilityArgs['portMappings'];
  if (!Array.isArray(mappings)) return [];
  return (mappings as readonly { readonly hostPort: number }[]).map(({ hostPort }) => hostPort);
}

/** The host's end of the link that ADD has answered with: `veth7`. */
export function hostEndIn({ network, result }: Pick<Attachment, 'network' | 'result'>): string {
  const ends = (result?.interfaces ?? []).filter(({ sandbox }) => !sandbox);
  return ends.find(({ name }) => name !== bridgeOf(network))?.name ?? '';
}

/** Addresses that ADD has answered with, without their prefix. */
export function addressesIn({ result }: Pick<Attachment, 'result'>): readonly string[] {
  return (result?.ips ?? []).map(({ address }) => address.slice(0, address.indexOf('/')));
}
