import type { EffectContext } from '../effects.ts';
import {
  changeTable,
  FAMILIES,
  leadsTo,
  saveTable,
  type IpTables,
  type Rule,
  type RuleTable,
  type RunTool
} from '../firewall/iptables.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;
type Table = 'nat' | 'filter';

/** A chain that the plugins portmap and firewall make once for all containers. */
interface SharedChain {
  readonly chain: string;
  /** What stands in it when no container is left; the rest is somebody's. */
  readonly own: readonly RegExp[];
  /** The rules that lead to it, each after the chain it stands in. */
  readonly jumps: readonly RegExp[];
}

// Jumps before what they lead to, as a chain that is led to can't be deleted.
const SHARED: Readonly<Record<Table, readonly SharedChain[]>> = {
  nat: [
    {
      chain: 'CNI-HOSTPORT-DNAT',
      own: [],
      jumps: [/^(?:PREROUTING|OUTPUT) -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT$/]
    },
    {
      chain: 'CNI-HOSTPORT-MASQ',
      own: [/^-m mark --mark (0x[0-9a-f]+)\/\1 -j MASQUERADE$/],
      jumps: [
        /^POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ$/
      ]
    },
    {
      chain: 'CNI-HOSTPORT-SETMARK',
      own: [
        /^-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-x?mark (0x[0-9a-f]+)\/\1$/
      ],
      jumps: []
    }
  ],
  filter: [
    {
      chain: 'CNI-FORWARD',
      own: [/^-m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN$/],
      jumps: [/^FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD$/]
    },
    {
      chain: 'CNI-ADMIN',
      own: [],
      jumps: [
        /^CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN$/
      ]
    },
    {
      chain: 'CNI-ISOLATION-STAGE-1',
      own: [
        /^-m comment --comment "CNI firewall plugin rules \(ingressPolicy: same-bridge\)" -j RETURN$/
      ],
      jumps: [
        /^FORWARD -m comment --comment "CNI firewall plugin rules \(ingressPolicy: same-bridge\)" -j CNI-ISOLATION-STAGE-1$/
      ]
    },
    {
      chain: 'CNI-ISOLATION-STAGE-2',
      own: [
        /^-m comment --comment "CNI firewall plugin rules \(ingressPolicy: same-bridge\)" -j RETURN$/
      ],
      jumps: []
    }
  ]
};

const TABLES: readonly Table[] = ['nat', 'filter'];

/** Those of the shared chains that stand now: `iptables/nat/CNI-HOSTPORT-DNAT`. */
export async function standingChains(run: RunTool, context: Context): Promise<readonly string[]> {
  const standing: string[] = [];
  for (const [tool, table] of places()) {
    const { chains } = await saveTable(run, tool, table, context);
    const found = SHARED[table].filter(({ chain }) => chains.has(chain));
    standing.push(...found.map(({ chain }) => placeText(tool, table, chain)));
  }
  return standing;
}

/**
 * Removes the shared chains that nobody uses any more, with the rules that lead to them.
 *
 * One that holds, or is led to by, a rule of somebody else stays as it is.
 *
 * @param kept as {@link standingChains} gave them: these stay in any case
 */
export async function removeIdleChains(
  run: RunTool,
  kept: readonly string[],
  context: Context
): Promise<void> {
  for (const [tool, table] of places()) {
    const standing = await saveTable(run, tool, table, context);
    const candidates = SHARED[table].filter(
      ({ chain }) => standing.chains.has(chain) && !kept.includes(placeText(tool, table, chain))
    );
    await changeTable(run, { tool, table }, removal(standing, candidates), context);
  }
}

function removal({ rules }: RuleTable, candidates: readonly SharedChain[]): readonly string[] {
  const commands: string[] = [];
  const removed = new Set<string>();
  for (const { chain, own, jumps } of candidates) {
    const inside = rules.filter((rule) => rule.chain === chain);
    const leading = rules.filter((rule) => leadsTo(rule, chain) && !removed.has(rule.chain));
    const isIdle =
      inside.every(({ spec }) => own.some((rule) => rule.test(spec))) &&
      leading.every((rule) => jumps.some((jump) => jump.test(textOf(rule))));
    if (!isIdle) continue;
    commands.push(...leading.map((rule) => `-D ${textOf(rule)}`), `-F ${chain}`, `-X ${chain}`);
    removed.add(chain);
  }
  return commands;
}

function places(): readonly (readonly [IpTables, Table])[] {
  return FAMILIES.flatMap((tool) => TABLES.map((table) => [tool, table] as const));
}

function placeText(tool: IpTables, table: Table, chain: string): string {
  return `${tool}/${table}/${chain}`;
}

function textOf({ chain, spec }: Rule): string {
  return `${chain} ${spec}`;
}
