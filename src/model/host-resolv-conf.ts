import {
  buildResolvConf,
  parseResolvConf,
  publicServers,
  reachableServers
} from './resolv-conf.ts';

/**
 * The resolv.conf of a private host that is connected: what passes questions on to the host's
 * servers comes first, and behind it those of them that can be reached from there.
 *
 * @param text of the host's own
 * @param dns addresses that the uplink answers at, `10.0.2.3`
 */
export function connectedResolvConf(
  text: string,
  dns: readonly string[],
  { ipv6 }: { readonly ipv6: boolean }
): string {
  const { nameservers, search, options } = parseResolvConf(text);
  const reachable = reachableServers(nameservers, { ipv6 });
  const others = reachable.length > 0 ? reachable : publicServers({ ipv6 });
  return buildResolvConf({ nameservers: [...new Set([...dns, ...others])], search, options });
}
