import type { Attachment } from '../../model/container.ts';
import type { CniIp } from '../../model/cni-result.ts';
import type { PluginConf } from '../../model/conflist.ts';
import { filterRules } from './expected-filter.ts';
import { masqueradeRules } from './expected-masquerade.ts';
import { nameRules } from './expected-names.ts';
import { portmapRules } from './expected-portmap.ts';
import type { IpTables } from './iptables.ts';

export type Table = 'nat' | 'filter';

export interface Place {
  readonly tool: IpTables;
  readonly table: Table;
}

/** A chain that a plugin makes when it is missing. */
export interface ExpectedChain extends Place {
  readonly chain: string;
  /** Made for this attachment alone, so that all its rules have their order. */
  readonly owned: boolean;
}

export interface ExpectedRule extends Place {
  readonly chain: string;
  /** As the plugin gives them to iptables. */
  readonly words: readonly string[];
  /** In a chain that is shared: before all other rules of the attachment, or after. */
  readonly at: 'first' | 'last';
  /** Holds words of the user's, which iptables may print in another way. */
  readonly custom?: true;
}

/** What the firewall holds while an attachment stands; in the order in which plugins make it. */
export interface ExpectedRules {
  readonly chains: readonly ExpectedChain[];
  readonly rules: readonly ExpectedRule[];
  /** IPv4 address for whose link the kernel must route 127/8; `null` when no plugin asks for it. */
  readonly localnet: string | null;
  /** What keeps this from being all: `plugin dnsname`, `backend nftables of portmap`. */
  readonly unknown: readonly string[];
}

/** For whom a plugin was run, and with what. */
export interface PluginTurn {
  readonly container: string;
  readonly attachment: Attachment;
  readonly plugin: PluginConf;
  readonly ips: readonly CniIp[];
}

/**
 * What the CNI plugins 1.1.1 put into the firewall for an attachment.
 *
 * @param firewalld whether that runs: the plugin firewall then makes no rules of its own,
 *   unless it is told to
 * @see plugins/main/bridge, plugins/meta/portmap, plugins/meta/firewall of the CNI plugins
 */
export function expectedRules(
  attachment: Attachment,
  container: string,
  firewalld = false
): ExpectedRules {
  const { result, conflist } = attachment;
  if (result === undefined) return { ...NOTHING, unknown: ['a result'] };
  const parts = conflist.plugins.map((plugin) => {
    const unknown = unknownOf(plugin, firewalld);
    // Its server is no rule, and is not looked for.
    if (plugin.type === 'dnsname')
      return { ...NOTHING, rules: nameRules(result), unknown: [unknown!] };
    if (unknown !== undefined) return { ...NOTHING, unknown: [unknown] };
    return rulesOf({ container, attachment, plugin, ips: result.ips ?? [] });
  });
  return {
    chains: parts.flatMap(({ chains }) => chains),
    rules: parts.flatMap(({ rules }) => rules),
    localnet: parts.find(({ localnet }) => localnet !== null)?.localnet ?? null,
    unknown: parts.flatMap(({ unknown }) => unknown)
  };
}

export const NOTHING: ExpectedRules = { chains: [], rules: [], localnet: null, unknown: [] };

function rulesOf(turn: PluginTurn): ExpectedRules {
  switch (turn.plugin.type) {
    case 'bridge':
    case 'ptp':
      return turn.plugin['ipMasq'] === true ? masqueradeRules(turn) : NOTHING;
    case 'portmap':
      return portmapRules(turn);
    case 'firewall':
      return filterRules(turn);
    default:
      return NOTHING;
  }
}

const WITHOUT_RULES = ['macvlan', 'ipvlan', 'vlan', 'host-device', 'dummy', 'loopback', 'tuning'];

function unknownOf(plugin: PluginConf, firewalld: boolean): string | undefined {
  const { type, backend = '', ipMasqBackend = '', macspoofchk = false } = plugin;
  switch (type) {
    case 'bridge':
    case 'ptp':
      if (macspoofchk === true) return `macspoofchk of ${type}`;
      return isIptables(ipMasqBackend) ? undefined : `ipMasqBackend of ${type}`;
    case 'portmap':
      return isIptables(backend) ? undefined : `backend of ${type}`;
    case 'firewall':
      if (backend === '' && firewalld) return 'firewalld';
      return isIptables(backend) ? undefined : `backend of ${type}`;
    default:
      return WITHOUT_RULES.includes(type) ? undefined : `plugin ${type}`;
  }
}

function isIptables(backend: unknown): boolean {
  return backend === '' || backend === 'iptables';
}

/** Whether a plugin of the list leaves it to firewalld's running what it does. */
export function asksFirewalld({ conflist }: Pick<Attachment, 'conflist'>): boolean {
  return conflist.plugins.some(
    ({ type, backend }) => type === 'firewall' && (backend ?? '') === ''
  );
}

/** A value of a plugin's configuration that is a list of words. */
export function wordsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
