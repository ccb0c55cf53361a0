import type { Attachment } from '../../model/container.ts';
import type { PluginConf } from '../../model/conflist.ts';
import type { Drift } from '../../model/drift.ts';
import type { Link } from '../../syscalls/netlink-route.ts';
import type { ObservedNetwork } from '../../syscalls/observe.ts';
import { addressKey, addressOf, gatewayOf } from '../../model/cidr.ts';
import { ownIps } from './inside.ts';

/** An address of a link of the host's, which is the containers' gateway. */
export interface Gateway {
  /** `cni-front`, or `cni-front.7` with a VLAN. */
  readonly link: string;
  /** `10.88.0.1/16` */
  readonly address: string;
}

/** What the host lacks: the bridge, its addresses, the host's end of the link. */
export function driftsOfHost(attachment: Attachment, host: ObservedNetwork): readonly Drift[] {
  return [
    ...bridgePlugins(attachment).flatMap((plugin) => bridgeDrifts(attachment, plugin, host)),
    ...missingGateways(attachment, host).map(({ link, address }): Drift => {
      const text = `address ${address} of ${link}, the gateway, is gone`;
      return { network: attachment.network, kind: 'gateway', object: address, text };
    }),
    ...endDrifts(attachment, host)
  ];
}

/** Gateway addresses that are not there although their link is. */
export function missingGateways(
  attachment: Attachment,
  { links, addresses }: ObservedNetwork
): readonly Gateway[] {
  return gatewaysOf(attachment).filter(({ link, address }) => {
    const index = links.find(({ name }) => name === link)?.index;
    const isThere = addresses.some(
      (one) => one.index === index && addressKey(one.address) === addressKey(address)
    );
    return index !== undefined && !isThere;
  });
}

export function gatewaysOf(attachment: Attachment): readonly Gateway[] {
  return bridgePlugins(attachment)
    .filter(({ isGateway, isDefaultGateway }) => isGateway === true || isDefaultGateway === true)
    .flatMap((plugin) => {
      const vlan = Number(plugin['vlan'] ?? 0);
      const link = vlan === 0 ? bridgeOf(plugin) : `${bridgeOf(plugin)}.${vlan}`;
      return ownIps(attachment).map(({ address, gateway }) => ({
        link,
        address: gatewayOf(address, gateway)
      }));
    });
}

function bridgePlugins({ conflist }: Attachment): readonly PluginConf[] {
  return conflist.plugins.filter(({ type }) => type === 'bridge');
}

function bridgeOf({ bridge }: PluginConf): string {
  return typeof bridge === 'string' && bridge !== '' ? bridge : 'cni0';
}

function bridgeDrifts(
  { network }: Attachment,
  plugin: PluginConf,
  { links }: ObservedNetwork
): Drift[] {
  const name = bridgeOf(plugin);
  const link = links.find((one) => one.name === name);
  const say = (text: string): Drift[] => [{ network, kind: 'bridge', object: name, text }];
  if (link === undefined) return say(`bridge ${name} is gone`);
  if (link.kind !== 'bridge') return say(`${name} is no bridge any more`);
  return link.up ? [] : say(`bridge ${name} is down`);
}

/** The host's ends: up, and on their bridge. */
function endDrifts(attachment: Attachment, host: ObservedNetwork): Drift[] {
  const { network, ifName, result } = attachment;
  const [bridge] = bridgePlugins(attachment).map(bridgeOf);
  const isPtp = attachment.conflist.plugins.some(({ type }) => type === 'ptp');
  if (bridge === undefined && !isPtp) return [];
  const ends = (result?.interfaces ?? []).filter(
    ({ name, sandbox }) => !sandbox && name !== bridge && !name.startsWith(`${bridge}.`)
  );
  const master = host.links.find(({ name }) => name === bridge);
  return ends.flatMap(({ name }) => {
    const say = (text: string): Drift[] => [{ network, kind: 'bridge', object: name, text }];
    const link = host.links.find((one) => one.name === name);
    if (link === undefined) return say(`${name}, the host's end of ${ifName}, is gone`);
    if (!link.up) return say(`${name}, the host's end of ${ifName}, is down`);
    if (isPtp) return hostRouteDrifts(attachment, link, host);
    // Without a bridge there is none to be on.
    if (master === undefined || link.master === master.index) return [];
    return say(`${name}, the host's end of ${ifName}, is not on bridge ${bridge}`);
  });
}

function hostRouteDrifts(
  attachment: Attachment,
  { index, name }: Link,
  { routes }: ObservedNetwork
): Drift[] {
  const missing = ownIps(attachment)
    .map(({ address }) => addressOf(address))
    .filter((address) => {
      const destination = `${addressKey(address)}/${address.includes(':') ? 128 : 32}`;
      return !routes.some((route) => route.index === index && route.destination === destination);
    });
  return missing.map((address) => {
    const text = `route to ${address} over ${name} is gone`;
    return { network: attachment.network, kind: 'bridge', object: address, text };
  });
}
