import type { ExpectedRule, ExpectedRules, Place, Table } from './expected.ts';
import { holdsRule, rulesIn } from './arrange.ts';
import { gathered, type Context } from './gather.ts';
import { FAMILIES, saveTable, type IpTables, type RuleTable, type RunTool } from './iptables.ts';

export const PLACES: readonly Place[] = FAMILIES.flatMap((tool) =>
  (['nat', 'filter'] as const).map((table) => ({ tool, table }))
);

/** Reads what the firewall holds, for many at once. */
export interface Dumps {
  /** A table as it is at some moment after the call; calls share their dumps. */
  table(place: Place, context: Context): Promise<RuleTable>;
  /** Without the rules that iptables knows to be there though it prints them in other words. */
  unproven(table: RuleTable, expected: ExpectedRules, context: Context): Promise<ExpectedRules>;
  firewalldRuns(context: Context): Promise<boolean>;
}

export function dumps(run: RunTool): Dumps {
  const reads = new Map<string, Read<RuleTable>>();
  for (const { tool, table } of PLACES) reads.set(`${tool} ${table}`, tableRead(run, tool, table));
  const firewalld = gathered<null, boolean>(async (items, context) => {
    const runs = await answers(run, 'firewall-cmd', ['--state'], context);
    return items.map(() => runs);
  });

  return {
    table: ({ tool, table }, context) => reads.get(`${tool} ${table}`)!(null, context),
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

function tableRead(run: RunTool, tool: IpTables, table: Table): Read<RuleTable> {
  return gathered(async (items, context) => {
    const dump = await saveTable(run, tool, table, context);
    return items.map(() => dump);
  });
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
