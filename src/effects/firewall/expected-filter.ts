import { hostOf } from '../../model/cidr.ts';
import type { ExpectedChain, ExpectedRule, ExpectedRules, PluginTurn } from './expected.ts';
import { textIn } from './expected.ts';
import { toolOf } from './expected-masquerade.ts';
import { FAMILIES, type IpTables } from './iptables.ts';

/**
 * Rules of the plugin firewall with the backend iptables, and those of `same-bridge`, which it
 * makes with any backend.
 *
 * @see plugins/meta/firewall/iptables.go and ingresspolicy.go of the CNI plugins
 */
export function filterRules({ attachment, plugin, ips }: PluginTurn): ExpectedRules {
  const used = FAMILIES.filter((tool) => ips.some(({ address }) => toolOf(address) === tool));
  const admin = textIn(plugin['iptablesAdminChainName']) || 'CNI-ADMIN';
  const bridge = attachment.result?.interfaces?.[0]?.name;
  const isolated = plugin['ingressPolicy'] === 'same-bridge' ? bridge : undefined;
  const parts = used.map((tool) => {
    const own = ips.map(({ address }) => address).filter((one) => toolOf(one) === tool);
    // What isolates is put in front of what accepts.
    const isolation = isolated === undefined ? [] : isolationRules(tool, isolated);
    return {
      chains: chainsOf(tool, ['CNI-FORWARD', admin, ...(isolated === undefined ? [] : STAGES)]),
      rules: [...isolation, ...acceptRules(tool, admin, own)]
    };
  });
  return {
    chains: parts.flatMap(({ chains }) => chains),
    rules: parts.flatMap(({ rules }) => rules),
    localnet: null,
    unknown: []
  };
}

const STAGES = ['CNI-ISOLATION-STAGE-1', 'CNI-ISOLATION-STAGE-2'] as const;

function chainsOf(tool: IpTables, names: readonly string[]): ExpectedChain[] {
  return names.map((chain) => ({ tool, table: 'filter', chain, owned: false }));
}

function acceptRules(tool: IpTables, admin: string, addresses: readonly string[]): ExpectedRule[] {
  const place = { tool, table: 'filter' } as const;
  const comment = (text: string) => ['-m', 'comment', '--comment', `CNI firewall plugin ${text}`];
  const toForward = [...comment('rules'), '-j', 'CNI-FORWARD'];
  const toAdmin = [...comment('admin overrides'), '-j', admin];
  const accepts = [...new Set(addresses.map(hostOf))].flatMap((host) => [
    ['-d', host, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
    ['-s', host, '-j', 'ACCEPT']
  ]);
  return [
    { ...place, chain: 'FORWARD', words: toForward, at: 'first' },
    { ...place, chain: 'CNI-FORWARD', words: toAdmin, at: 'first' },
    ...accepts.map((words) => ({ ...place, chain: 'CNI-FORWARD', words, at: 'last' as const }))
  ];
}

function isolationRules(tool: IpTables, bridge: string): ExpectedRule[] {
  const place = { tool, table: 'filter' } as const;
  const comment = ['-m', 'comment', '--comment', POLICY];
  const [one, two] = STAGES;
  const goOn = ['-i', bridge, '!', '-o', bridge, ...comment, '-j', two];
  return [
    { ...place, chain: 'FORWARD', words: [...comment, '-j', one], at: 'first' },
    { ...place, chain: one, words: goOn, at: 'first' },
    { ...place, chain: one, words: [...comment, '-j', 'RETURN'], at: 'last' },
    { ...place, chain: two, words: ['-o', bridge, ...comment, '-j', 'DROP'], at: 'first' },
    { ...place, chain: two, words: [...comment, '-j', 'RETURN'], at: 'last' }
  ];
}

const POLICY = 'CNI firewall plugin rules (ingressPolicy: same-bridge)';
