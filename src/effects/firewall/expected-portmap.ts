import { addressKey, addressOf, hostOf, networkOf } from '../../model/cidr.ts';
import { pluginStdin } from '../../model/cni-args.ts';
import type { CniIp } from '../../model/cni-result.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { firstOfWide, wideMappings } from '../../model/wide-ports.ts';
import { ownerComment, portmapChain } from './chain-names.ts';
import {
  NOTHING,
  textIn,
  wordsIn,
  type ExpectedChain,
  type ExpectedRule,
  type ExpectedRules,
  type PluginTurn
} from './expected.ts';
import { toolOf } from './expected-masquerade.ts';
import type { IpTables } from './iptables.ts';

/**
 * Rules of the plugin portmap, and those that we add to its chain for wide ranges.
 *
 * @see plugins/meta/portmap/portmap.go of the CNI plugins; src/effects/ports/wide.ts
 */
export function portmapRules(turn: PluginTurn): ExpectedRules {
  const { attachment, plugin, ips } = turn;
  const entries = entriesOf(turn);
  if (entries.length === 0) return NOTHING;
  const targets = TOOLS.flatMap((tool) => {
    const ip = ips.find((one) => toolOf(one.address) === tool && isInside(turn, one));
    return ip === undefined ? [] : [{ tool, cidr: ip.address }];
  });
  const wide = wideMappings(attachment.capabilityArgs).map(entryOf);
  const snat = plugin['snat'] !== false;
  const parts = targets.map((target) => familyRules(turn, target, { entries, wide, snat }));
  const v4 = targets.find(({ tool }) => tool === 'iptables');
  return {
    chains: parts.flatMap(({ chains }) => chains),
    rules: parts.flatMap(({ rules }) => rules),
    localnet: snat && v4 !== undefined ? addressOf(v4.cidr) : null,
    unknown: []
  };
}

const TOOLS: readonly IpTables[] = ['iptables', 'ip6tables'];
const DNAT = 'CNI-HOSTPORT-DNAT';
const SETMARK = 'CNI-HOSTPORT-SETMARK';
const MASQ = 'CNI-HOSTPORT-MASQ';
const DEFAULT_MARK_BIT = 13;
/** As many as one rule of multiport names. */
const PORTS_MAX = 15;

interface Entry {
  readonly hostIP: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  /** More than 1 only in ours. */
  readonly range: number;
}

interface Target {
  readonly tool: IpTables;
  /** Address in the container, `10.88.0.5/16`. */
  readonly cidr: string;
}

interface Work {
  readonly entries: readonly Entry[];
  readonly wide: readonly Entry[];
  readonly snat: boolean;
}

function familyRules(turn: PluginTurn, target: Target, work: Work) {
  const { attachment, container, plugin } = turn;
  const { tool } = target;
  const chain = portmapChain(attachment.network, container);
  const external = textIn(plugin['externalSetMarkChain']);
  const marks = work.snat ? (external ?? SETMARK) : undefined;
  const rest = work.wide.filter((entry) => fits(entry, tool)).map(restOf);
  const lead = (groups: readonly (readonly [string, string])[]) =>
    groups.map((group) => jumpTo(turn, tool, chain, group));
  const first = work.entries.flatMap((entry) => forwards(entry, target, chain, marks));
  return {
    chains: [
      ...(marks === SETMARK && external === undefined
        ? chainsOf(tool, [SETMARK, MASQ], false)
        : []),
      ...chainsOf(tool, [DNAT], false),
      ...chainsOf(tool, [chain], true)
    ],
    rules: [
      ...(work.snat && external === undefined ? markRules(tool, plugin['markMasqBit']) : []),
      ...entryRules(tool),
      ...first,
      ...lead(portGroups(work.entries)),
      ...rest.flatMap((entry) => [
        ...forwards(entry, target, chain, marks),
        ...lead([[entry.protocol, portsOf(entry)]])
      ])
    ]
  };
}

function chainsOf(tool: IpTables, names: readonly string[], owned: boolean): ExpectedChain[] {
  return names.map((chain) => ({ tool, table: 'nat', chain, owned }));
}

/** The chains that set a mark, and that masquerade what bears it. */
function markRules(tool: IpTables, bit: Json | undefined): ExpectedRule[] {
  const value = (1 << (typeof bit === 'number' ? bit : DEFAULT_MARK_BIT)) >>> 0;
  const mark = `0x${value.toString(16)}`;
  const place = { tool, table: 'nat' } as const;
  const comment = (text: string) => ['-m', 'comment', '--comment', text];
  const set = ['-j', 'MARK', '--set-xmark', `${mark}/${mark}`];
  return [
    {
      ...place,
      chain: SETMARK,
      words: [...comment('CNI portfwd masquerade mark'), ...set],
      at: 'last'
    },
    {
      ...place,
      chain: MASQ,
      words: ['-m', 'mark', '--mark', `${mark}/${mark}`, '-j', 'MASQUERADE'],
      at: 'last'
    },
    // Before the rules of `ipMasq`, which would keep packets from it.
    {
      ...place,
      chain: 'POSTROUTING',
      words: [...comment('CNI portfwd requiring masquerade'), '-j', MASQ],
      at: 'first'
    }
  ];
}

function entryRules(tool: IpTables): ExpectedRule[] {
  return ['PREROUTING', 'OUTPUT'].map((chain) => ({
    tool,
    table: 'nat',
    chain,
    words: ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', DNAT],
    at: 'last'
  }));
}

/** Marks for what comes from the container itself or from 127/8, then the forwarding. */
function forwards(
  entry: Entry,
  { tool, cidr }: Target,
  chain: string,
  marks: string | undefined
): ExpectedRule[] {
  if (!fits(entry, tool)) return [];
  const { hostIP, protocol } = entry;
  const port = ['-p', protocol, '-m', protocol, '--dport', portsOf(entry)];
  const to = isEvery(hostIP) ? [] : ['-d', hostOf(addressKey(hostIP))];
  const sources = tool === 'iptables' ? [networkOf(cidr), '127.0.0.1/32'] : [networkOf(cidr)];
  const marked = marks === undefined ? [] : sources;
  const words = [
    ...marked.map((source) => ['-s', source, ...to, ...port, '-j', marks!]),
    [...to, ...port, '-j', 'DNAT', '--to-destination', destinationOf(entry, cidr)]
  ];
  return words.map((each) => ({ tool, table: 'nat', chain, words: each, at: 'last' }));
}

// The base port behind the slash makes the kernel keep each port's place in a range.
function destinationOf({ hostPort, containerPort, range }: Entry, cidr: string): string {
  const address = cidr.includes(':') ? `[${addressOf(cidr)}]` : addressOf(cidr);
  if (range === 1) return `${address}:${containerPort}`;
  return `${address}:${containerPort}-${containerPort + range - 1}/${hostPort}`;
}

function jumpTo(
  { attachment, container, plugin }: PluginTurn,
  tool: IpTables,
  chain: string,
  [protocol, ports]: readonly [string, string]
): ExpectedRule {
  const key = tool === 'iptables' ? 'conditionsV4' : 'conditionsV6';
  const conditions = wordsIn(plugin[key]);
  const comment = `dnat ${ownerComment(attachment.network, container)}`;
  const match = ['-p', protocol, '-m', 'comment', '--comment', comment, '-m', 'multiport'];
  return {
    tool,
    table: 'nat',
    chain: DNAT,
    words: [...match, '--dports', ports, ...conditions, '-j', chain],
    at: 'last',
    ...(conditions.length > 0 && { custom: true })
  };
}

function portGroups(entries: readonly Entry[]): (readonly [string, string])[] {
  const protocols = [...new Set(entries.map(({ protocol }) => protocol))].sort();
  return protocols.flatMap((protocol) => {
    const ports = entries.filter((entry) => entry.protocol === protocol).map(portsOf);
    const count = Math.ceil(ports.length / PORTS_MAX);
    const groups = Array.from({ length: count }, (_, index) =>
      ports.slice(index * PORTS_MAX, (index + 1) * PORTS_MAX)
    );
    return groups.map((group) => [protocol, group.join(',')] as const);
  });
}

function portsOf({ hostPort, range }: Entry): string {
  return range === 1 ? String(hostPort) : `${hostPort}:${hostPort + range - 1}`;
}

function restOf(entry: Entry): Entry {
  const { hostPort, containerPort, range } = entry;
  return {
    ...entry,
    hostPort: hostPort + 1,
    containerPort: containerPort + 1,
    range: range - 1
  };
}

/** What the plugin was given, a wide range as its first port. */
function entriesOf({ attachment, plugin }: PluginTurn): readonly Entry[] {
  const { conflist, capabilityArgs } = attachment;
  const { runtimeConfig } = pluginStdin(conflist, plugin, firstOfWide(capabilityArgs), undefined);
  const mappings = isJsonObject(runtimeConfig) ? runtimeConfig['portMappings'] : undefined;
  return Array.isArray(mappings)
    ? (mappings as readonly Json[]).filter(isJsonObject).map(entryOf)
    : [];
}

function entryOf({ hostIP, hostPort, containerPort, protocol, range }: JsonObject): Entry {
  return {
    hostIP: textIn(hostIP) ?? '',
    hostPort: Number(hostPort),
    containerPort: Number(containerPort),
    protocol: textIn(protocol) ?? '',
    range: typeof range === 'number' ? range : 1
  };
}

// An address is forwarded to in its own family only.
function fits({ hostIP }: Entry, tool: IpTables): boolean {
  return hostIP === '' || toolOf(hostIP) === tool;
}

function isEvery(hostIP: string): boolean {
  return /^(?:0\.0\.0\.0|[0:]*)$/.test(hostIP);
}

// An address of the host's end is none to forward to.
function isInside({ attachment }: PluginTurn, { interface: index }: CniIp): boolean {
  const link = index === undefined ? undefined : attachment.result?.interfaces?.[index];
  return link === undefined || (link.name === attachment.ifName && Boolean(link.sandbox));
}
