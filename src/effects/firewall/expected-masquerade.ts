import { hostOf, networkOf } from '../../model/cidr.ts';
import { masqueradeChain, ownerComment } from './chain-names.ts';
import type { ExpectedRule, ExpectedRules, PluginTurn } from './expected.ts';
import { FAMILIES, type IpTables } from './iptables.ts';

/**
 * Rules of `ipMasq`: what leaves the network of an address gets the host's.
 *
 * @see pkg/ip/ipmasq_linux.go of the CNI plugins
 */
export function masqueradeRules({ container, attachment, ips }: PluginTurn): ExpectedRules {
  const { network } = attachment;
  const chain = masqueradeChain(network, container);
  const comment = ['-m', 'comment', '--comment', ownerComment(network, container)];
  const used = FAMILIES.filter((tool) => ips.some(({ address }) => toolOf(address) === tool));
  return {
    chains: used.map((tool) => ({ tool, table: 'nat', chain, owned: true })),
    rules: used.flatMap((tool) => {
      const addresses = ips.map(({ address }) => address).filter((one) => toolOf(one) === tool);
      const rules = addresses.flatMap((address): ExpectedRule[] => {
        const place = { tool, table: 'nat', at: 'last' } as const;
        return [
          { ...place, chain, words: ['-d', networkOf(address), ...comment, '-j', 'ACCEPT'] },
          {
            ...place,
            chain,
            words: ['!', '-d', MULTICAST[tool], ...comment, '-j', 'MASQUERADE']
          },
          {
            ...place,
            chain: 'POSTROUTING',
            words: ['-s', hostOf(address), ...comment, '-j', chain]
          }
        ];
      });
      return eachOnce(rules);
    }),
    localnet: null,
    unknown: []
  };
}

/** Tool of an address or CIDR's family. */
export function toolOf(address: string): IpTables {
  return address.includes(':') ? 'ip6tables' : 'iptables';
}

const MULTICAST = { iptables: '224.0.0.0/4', ip6tables: 'ff00::/8' };

// The plugin appends what is not there yet: two addresses of a network share their rules.
function eachOnce(rules: readonly ExpectedRule[]): ExpectedRule[] {
  const seen = new Set<string>();
  return rules.filter(({ chain, words }) => {
    const key = [chain, ...words].join(' ');
    return !seen.has(key) && seen.add(key);
  });
}
