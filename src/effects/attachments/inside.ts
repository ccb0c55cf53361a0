import type { CniIp, CniRoute } from '../../model/cni-result.ts';
import type { Attachment } from '../../model/container.ts';
import type { Drift, DriftKind } from '../../model/drift.ts';
import { bitsOf, parseAddress, subnetAt, subnetText } from '../../model/subnet.ts';
import { RTN_UNICAST, type Link, type Route } from '../../syscalls/netlink-route.ts';
import type { ObservedNetwork } from '../../syscalls/observe.ts';
import { addressKey, addressOf, networkOf, prefixOf } from '../../model/cidr.ts';

/**
 * What the container's netns lacks of what the results say.
 *
 * A link that is gone or down takes addresses and routes with it, so these are not named then.
 */
export function driftsInside(
  attachments: readonly Attachment[],
  inside: ObservedNetwork
): readonly Drift[] {
  return attachments.flatMap((attachment) => {
    const link = inside.links.find(({ name }) => name === attachment.ifName);
    const ofLink = linkDrifts(attachment, link);
    if (link === undefined || !link.up) return ofLink;
    return [
      ...ofLink,
      ...addressDrifts(attachment, link, inside),
      ...routeDrifts(attachment, link, inside.routes)
    ];
  });
}

/** Addresses of the container's own interface, not of the host's end. */
export function ownIps({ ifName, result }: Attachment): readonly CniIp[] {
  const { ips = [], interfaces = [] } = result ?? {};
  return ips.filter(({ interface: index }) => {
    const link = index === undefined ? undefined : interfaces[index];
    return link === undefined || (link.name === ifName && Boolean(link.sandbox));
  });
}

const MAIN_TABLE = 254;

function linkDrifts(attachment: Attachment, link: Link | undefined): Drift[] {
  const { ifName, result } = attachment;
  const say = (text: string) => drift(attachment, 'link', ifName, text);
  if (link === undefined) return [say(`interface ${ifName} is gone`)];
  const wanted = result?.interfaces?.find(({ name, sandbox }) => name === ifName && sandbox)?.mac;
  const isOther = wanted !== undefined && wanted !== '' && wanted.toLowerCase() !== link.mac;
  return [
    ...(link.up ? [] : [say(`interface ${ifName} is down`)]),
    ...(isOther ? [say(`interface ${ifName} has the MAC address ${link.mac}, not ${wanted}`)] : [])
  ];
}

function addressDrifts(
  attachment: Attachment,
  { index }: Link,
  { addresses }: ObservedNetwork
): Drift[] {
  const found = new Set(
    addresses.filter((one) => one.index === index).map(({ address }) => addressKey(address))
  );
  return ownIps(attachment)
    .filter(({ address }) => !found.has(addressKey(address)))
    .map(({ address }) => {
      const text = `address ${address} of ${attachment.ifName} is gone`;
      return drift(attachment, 'address', address, text);
    });
}

interface ExpectedRoute {
  readonly destination: string;
  readonly table: number;
  /** Any of these; none: any at all. */
  readonly gateways: readonly string[];
}

function expectedRoutes(attachment: Attachment): readonly ExpectedRoute[] {
  const ips = ownIps(attachment);
  const given = (attachment.result?.routes ?? []).map((route) => givenRoute(route, ips));
  // The other plugins may take the network's own route away, and ptp does.
  const connected = attachment.conflist.plugins.some(({ type }) => type === 'bridge')
    ? ips.filter(({ address }) => prefixOf(address) < bitsOf(address.includes(':') ? 6 : 4))
    : [];
  return [
    ...given,
    ...connected.map(({ address }) => {
      const destination = networkOf(address);
      return { destination, table: MAIN_TABLE, gateways: [] };
    })
  ];
}

function givenRoute(
  { dst, gw, table = MAIN_TABLE }: CniRoute,
  ips: readonly CniIp[]
): ExpectedRoute {
  const destination = subnetText(subnetAt(parseAddress(addressOf(dst)), prefixOf(dst)));
  const isSame = (address: string) => address.includes(':') === dst.includes(':');
  const gateways = gw
    ? [gw]
    : ips.flatMap(({ address, gateway }) => (gateway && isSame(address) ? [gateway] : []));
  return { destination, table, gateways };
}

function routeDrifts(attachment: Attachment, { index }: Link, found: readonly Route[]): Drift[] {
  const missing = expectedRoutes(attachment).filter(({ destination, table, gateways }) => {
    const through = gateways.map(addressKey);
    return !found.some((route) => {
      if (route.table !== table || addressKey(route.destination) !== destination) return false;
      // Two networks' IPv6 routes to one place become one with several hops, which have no index here.
      if (route.index === 0) return route.type === RTN_UNICAST;
      const isThrough = through.length === 0 || through.includes(addressKey(route.gateway));
      return route.index === index && isThrough;
    });
  });
  return missing.map(({ destination, gateways }) => {
    const via = gateways.length === 0 ? '' : ` via ${gateways[0]}`;
    const text = `route to ${destination}${via} of ${attachment.ifName} is gone`;
    return drift(attachment, 'route', destination, text);
  });
}

function drift({ network }: Attachment, kind: DriftKind, object: string, text: string): Drift {
  return { network, kind, object, text };
}
