import type { Netns } from '../../model/container.ts';
import { slirpAddresses, SLIRP_IPV6 } from '../../model/slirp-addresses.ts';
import type { SlirpOptions } from '../../model/slirp-options.ts';
import type { UplinkSpec, UplinkView } from '../../model/uplink.ts';
import type { LinkAddress, Route } from '../../syscalls/netlink-route.ts';
import type { NetnsThread } from '../../syscalls/netns-thread.ts';
import { PASTA_DNS } from '../pasta/arguments.ts';
import { TAP } from '../slirp/arguments.ts';

/**
 * How a container is connected, as its netns shows it.
 *
 * @throws StepError `gone`, `replaced`, an errno's name
 */
export async function uplinkView(
  thread: Pick<NetnsThread, 'observe'>,
  { kind, options }: UplinkSpec,
  netns: Netns
): Promise<UplinkView> {
  const { links, addresses, routes } = await thread.observe(netns.path, netns);
  const isUsable = ({ address, index }: LinkAddress) =>
    !/^fe[89ab]/i.test(address) && links.some((link) => link.index === index && !link.loopback);
  const global = addresses.filter(isUsable);
  const [first] = global;
  const ifName = links.find(({ index }) => index === first?.index)?.name ?? TAP;
  const seen = {
    kind,
    ifName,
    addresses: global.map(({ address }) => address)
  };
  if (kind === 'slirp4netns') return { ...seen, ...ofSlirp(options) };
  const dns = options.args;
  const asked = dns.find(({ option }) => option === '--dns-forward')?.value;
  return {
    ...seen,
    gateway: gatewayOf(routes, 4),
    gateway6: gatewayOf(routes, 6),
    nameservers: [asked ?? PASTA_DNS],
    hostAddress: ''
  };
}

function ofSlirp({ cidr, enableIpv6, allowHostLoopback }: SlirpOptions) {
  const { gateway, dns } = slirpAddresses(cidr);
  return {
    gateway,
    gateway6: enableIpv6 ? SLIRP_IPV6.gateway : '',
    nameservers: enableIpv6 ? [dns, SLIRP_IPV6.dns] : [dns],
    hostAddress: allowHostLoopback ? gateway : ''
  };
}

const DEFAULT: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

function gatewayOf(routes: readonly Route[], family: 4 | 6): string {
  const route = routes.find((one) => one.family === family && DEFAULT.has(one.destination));
  return route?.gateway ?? '';
}
