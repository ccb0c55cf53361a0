import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { parseSubnet } from '../../model/subnet.ts';
import type { EffectContext } from '../effects.ts';
import type { RunTool } from '../firewall/iptables.ts';
import type { HostNetworks } from './host-subnets.ts';

/**
 * Subnets of the addresses of every interface, those included that are down or have no carrier, as
 * a bridge has that waits for its first container.
 *
 * @returns `undefined` where `ip` is not installed
 * @throws MooringError `network.hostUnknown`
 */
export async function readAddresses(
  run: RunTool,
  { operation, signal }: Pick<EffectContext, 'operation' | 'signal'>
): Promise<HostNetworks['addresses'] | undefined> {
  const exit = await run('ip', ['-j', 'addr', 'show'], { stdin: '', operation, signal });
  if (exit === undefined) return undefined;
  if (exit.exitCode !== 0) {
    throw new MooringError(
      'network.hostUnknown',
      `reading the addresses of this host: ${exit.stderr.trim()}`
    );
  }
  const links = JSON.parse(exit.stdout) as readonly Json[];
  return links.filter(isJsonObject).flatMap((link) => {
    const addresses = Array.isArray(link['addr_info']) ? (link['addr_info'] as Json[]) : [];
    const ifName = link['ifname'];
    return addresses.filter(isJsonObject).flatMap(({ local, prefixlen }) => {
      if (typeof local !== 'string' || typeof prefixlen !== 'number' || typeof ifName !== 'string')
        return [];
      return [{ ...parseSubnet(`${local}/${prefixlen}`), interface: ifName }];
    });
  });
}
