import type { CniResult } from './cni-result.ts';
import type { DnsSpec, NamespaceSpec } from './container.ts';
import { isDomain, isResolverOption, nameserverOf } from './dns-option.ts';
import { publicServers, reachableServers, type ResolvConf } from './resolv-conf.ts';

/** What a container's resolv.conf is made from. */
export interface ResolvConfInput {
  /** What was asked for; absent: nothing. */
  readonly dns?: DnsSpec;
  readonly namespace?: NamespaceSpec['kind'];
  /** Answers of its networks, in order. */
  readonly results: readonly CniResult[];
  readonly base: ResolvConf;
  /** Whether `base` was written for this very netns, `/etc/netns/NAME/resolv.conf`. */
  readonly isOwnBase: boolean;
}

/**
 * A container's resolv.conf, part by part.
 *
 * - nameservers: those asked for; else those its networks report and behind them the base's, so
 *   that a network's server that is down costs a delay and not all names; else public ones.
 *   Of a host's file only what another netns can reach is taken.
 * - search: those asked for and those of its networks; else the base's. `.` means none at all.
 * - options: those asked for; else those of its networks; else the base's.
 *
 * What a network answers may come from a DHCP server, so what is no address, no domain or
 * no option is passed over as it is in a file.
 */
export function containerResolvConf(input: ResolvConfInput): ResolvConf {
  const { dns, results, base } = input;
  const answers = results.flatMap((result) => (result.dns ? [result.dns] : []));
  const domains = answers.flatMap(({ search, domain }) => search ?? (domain ? [domain] : []));
  const options = answers.flatMap(({ options }) => options ?? []).filter(isResolverOption);
  return {
    nameservers: serversOf(input),
    search: searchOf([...(dns?.search ?? []), ...domains.filter(isDomain)], base),
    options: firstOf(dns?.options ?? [], [...new Set(options)], base.options)
  };
}

function serversOf({
  dns,
  namespace,
  results,
  base,
  isOwnBase
}: ResolvConfInput): readonly string[] {
  const reported = results
    .flatMap((result) => result.dns?.nameservers ?? [])
    .map(nameserverOf)
    .filter((server) => server !== undefined);
  // Of a netns that somebody else has made nobody here knows the addresses.
  const ipv6 = namespace === 'path' || hasIpv6(results);
  const isReachable = namespace === 'host' || isOwnBase;
  const others = isReachable ? base.nameservers : reachableServers(base.nameservers, { ipv6 });
  const given = [...new Set([...reported, ...others])];
  return firstOf(dns?.servers ?? [], given, publicServers({ ipv6 }));
}

function searchOf(asked: readonly string[], base: ResolvConf): readonly string[] {
  if (asked.includes('.')) return [];
  return firstOf([...new Set(asked)], base.search);
}

function hasIpv6(results: readonly CniResult[]): boolean {
  return results.some(({ ips = [] }) => ips.some(({ address }) => address.includes(':')));
}

/** The first that is not empty. */
function firstOf(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find(({ length }) => length > 0) ?? [];
}
