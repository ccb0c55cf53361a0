import { readFileSync, writeFileSync } from 'node:fs';
import type { Attachment } from '../../model/container.ts';
import { MooringError } from '../../model/failure.ts';
import { contains, parseAddress, parseSubnet } from '../../model/subnet.ts';
import type { ObservedNetwork } from '../../syscalls/observe.ts';
import { gatewaysOf } from './host-side.ts';
import { ownIps } from './inside.ts';

/** A kernel setting that must not be 0, by its path below `/proc/sys`. */
export type Setting = string;

/**
 * Settings that plugins have switched on and that are off now.
 *
 * @param localnet address to whose link 127/8 must be routed; `null` when none asks for it
 */
export function missingSettings(
  attachment: Attachment,
  localnet: string | null,
  host: ObservedNetwork
): readonly Setting[] {
  return [...forwarding(attachment), ...localnetOf(localnet, host)].filter(isOff);
}

/** @throws MooringError `firewall.settingFailed` */
export function switchOn(setting: Setting): void {
  try {
    writeFileSync(pathOf(setting), '1');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `switching on ${nameOf(setting)}: ${reason}`;
    throw new MooringError('firewall.settingFailed', text, { cause: error });
  }
}

/** As sysctl(8) has it: `net.ipv4.ip_forward`. */
export function nameOf(setting: Setting): string {
  return setting.replaceAll(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
}

function forwarding(attachment: Attachment): readonly Setting[] {
  const addresses = attachment.conflist.plugins.some(({ type }) => type === 'ptp')
    ? ownIps(attachment).map(({ address }) => address)
    : gatewaysOf(attachment).map(({ address }) => address);
  return [
    ...(addresses.some((one) => !one.includes(':')) ? ['net/ipv4/ip_forward'] : []),
    ...(addresses.some((one) => one.includes(':')) ? ['net/ipv6/conf/all/forwarding'] : [])
  ];
}

/** Of the link by which the host reaches the address, as the plugin portmap finds it. */
function localnetOf(address: string | null, { links, routes }: ObservedNetwork): Setting[] {
  if (address === null) return [];
  const target = parseAddress(address);
  const [route] = routes
    .filter(({ family, index }) => family === 4 && index !== 0)
    .filter(({ destination }) => contains(parseSubnet(destination), target))
    .sort((one, other) => prefixIn(other.destination) - prefixIn(one.destination));
  const link = links.find(({ index }) => index === route?.index);
  return link === undefined ? [] : [`net/ipv4/conf/${link.name}/route_localnet`];
}

function prefixIn(cidr: string): number {
  return Number(cidr.split('/')[1]);
}

// A kernel without IPv6 has no setting for it.
function isOff(setting: Setting): boolean {
  try {
    return readFileSync(pathOf(setting), 'latin1').trim() === '0';
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw error;
  }
}

function pathOf(setting: Setting): string {
  return `/proc/sys/${setting}`;
}
