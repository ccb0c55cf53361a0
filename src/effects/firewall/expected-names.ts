import type { CniResult } from '../../model/cni-result.ts';
import type { ExpectedRule } from './expected.ts';

/**
 * The rule by which the plugin dnsname lets containers ask its server, on the bridge alone and by IPv4.
 *
 * @see plugins/meta/dnsname/service.go of the plugin
 */
export function nameRules({ interfaces }: CniResult): readonly ExpectedRule[] {
  const [bridge] = interfaces ?? [];
  if (bridge === undefined) return [];
  const words = ['-i', bridge.name, '-p', 'udp', '-m', 'udp', '--dport', '53', '-j', 'ACCEPT'];
  return [{ tool: 'iptables', table: 'filter', chain: 'INPUT', words, at: 'first' }];
}
