import type { EffectContext } from '../effects.ts';
import { changeTable, saveTable, type RunTool } from '../firewall/iptables.ts';
import { interfaceNames } from './host-subnets.ts';

type Context = Pick<EffectContext, 'operation' | 'signal'>;

/** The rule that the plugin dnsname adds for a bridge, and leaves behind. */
const RULE = /^-i (\S+) -p udp -m udp --dport 53 -j ACCEPT$/;
const PLACE = { tool: 'iptables', table: 'filter' } as const;

/** Bridges on which the host answers for names: there is such a rule for them. */
export async function openedBridges(run: RunTool, context: Context): Promise<readonly string[]> {
  const { rules } = await saveTable(run, PLACE.tool, PLACE.table, context);
  return rules.flatMap(({ chain, spec }) => {
    const [, bridge] = RULE.exec(spec) ?? [];
    return chain === 'INPUT' && bridge !== undefined ? [bridge] : [];
  });
}

/** Takes the rules of these bridges away, once for each that was found; those of a bridge that still stands stay. */
export async function closeBridges(
  run: RunTool,
  bridges: readonly string[],
  context: Context
): Promise<void> {
  const standing = await interfaceNames();
  const gone = bridges.filter((bridge) => !standing.includes(bridge));
  if (gone.length === 0) return;
  const open = await openedBridges(run, context);
  const commands = open
    .filter((bridge) => gone.includes(bridge))
    .map((bridge) => `-D INPUT -i ${bridge} -p udp -m udp --dport 53 -j ACCEPT`);
  await changeTable(run, PLACE, commands, context);
}
