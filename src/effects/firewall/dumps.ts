import type { ExpectedRule, ExpectedRules, Place, Table } from './expected.ts';
import { holdsRule, rulesIn } from './arrange.ts';
import { gathered, type Context } from './gather.ts';
import {
  FAMILIES,
  isOfNftables,
  parseTable,
  saveAll,
  type IpTables,
  type RuleTable,
  type RunTool
} from './iptables.ts';

const TABLES = ['nat', 'filter'] as const;

export const PLACES: readonly Place[] = FAMILIES.flatMap((tool) =>
  TABLES.map((table) => ({ tool, table }))
);

/** Reads what the firewall holds, for many at once. */
export interface Dumps {
  /** A table as it is at some moment after the call; calls share their dumps. */
  table(place: Place, context: Context): Promise<RuleTable>;
  /** Without the rules that iptables knows to be there though it prints them in other words. */
  unproven(table: RuleTable, expected: ExpectedRules, context: Context): Promise<ExpectedRules>;
  firewalldRuns(context: Context): Promise<boolean>;
}

/** @param generation a number that every change of nftables changes; `undefined` where there is none */
export function dumps(run: RunTool, generation: () => number | undefined): Dumps {
  const reads = {
    iptables: tablesRead(run, 'iptables', generation),
    ip6tables: tablesRead(run, 'ip6tables', generation)
  };
  const firewalld = gathered<null, boolean>(async (items, context) => {
    const runs = await answers(run, 'firewall-cmd', ['--state'], context);
    return items.map(() => runs);
  });

  return {
    table: async ({ tool, table }, context) => (await reads[tool](null, context))[table](),
    async unproven(table, expected, context) {
      const proven = new Set<ExpectedRule>();
      for (const rule of expected.rules) {
        const isOpen = rule.custom === true && !holdsRule(table, rule);
        if (!isOpen || rulesIn(table, rule.chain).length === 0) continue;
        const args = ['--wait', '5', '-t', rule.table, '-C', rule.chain, ...rule.words];
        if (await answers(run, rule.tool, args, context)) proven.add(rule);
      }
      if (proven.size === 0) return expected;
      return { ...expected, rules: expected.rules.filter((rule) => !proven.has(rule)) };
    },
    firewalldRuns: (context) => firewalld(null, context)
  };
}

type Read<Answer> = (item: null, context: Context) => Promise<Answer>;

/** The tables of a family, each read when it is first asked for. */
type Tables = Readonly<Record<Table, () => RuleTable>>;

// A program for each look would be most of what many looks cost: while nobody has changed anything,
// the last dump is what another would be. The old tables of the kernel don't tell.
function tablesRead(
  run: RunTool,
  tool: IpTables,
  generation: () => number | undefined
): Read<Tables> {
  let last: { readonly generation: number; readonly tables: Tables } | undefined;
  return gathered(async (items, context) => {
    const before = generation();
    if (last === undefined || last.generation !== before) {
      const text = await saveAll(run, tool, context);
      const tables = tablesIn(text);
      const isSure = before !== undefined && isOfNftables(text) && generation() === before;
      last = isSure ? { generation: before, tables } : undefined;
      return items.map(() => tables);
    }
    const { tables } = last;
    return items.map(() => tables);
  });
}

function tablesIn(text: string): Tables {
  const read = new Map<Table, RuleTable>();
  const tableIn = (name: Table) => () => {
    const table = read.get(name) ?? parseTable(text, name);
    read.set(name, table);
    return table;
  };
  return { nat: tableIn('nat'), filter: tableIn('filter') };
}

/** Whether a tool is there and ends well. */
async function answers(
  run: RunTool,
  tool: string,
  args: readonly string[],
  { operation, signal }: Context
): Promise<boolean> {
  const exit = await run(tool, args, { stdin: '', operation, signal });
  return exit?.exitCode === 0;
}
