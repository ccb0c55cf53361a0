import type { EffectContext } from '../effects.ts';
import { changeTable, FAMILIES, saveTable, type Rule, type RunTool } from '../firewall/iptables.ts';
import { interfaceNames } from './host-subnets.ts';

/** What the plugin firewall writes for a bridge under `ingressPolicy: same-bridge`, and leaves behind. */
const RULES = [
  /^CNI-ISOLATION-STAGE-1 -i (\S+) ! -o \1 -m comment --comment "CNI firewall plugin rules \(ingressPolicy: same-bridge\)" -j CNI-ISOLATION-STAGE-2$/,
  /^CNI-ISOLATION-STAGE-2 -o (\S+) -m comment --comment "CNI firewall plugin rules \(ingressPolicy: same-bridge\)" -j DROP$/
];

/** Takes away the rules that isolated these bridges; those of a bridge that still stands stay. */
export async function removeIsolation(
  run: RunTool,
  bridges: readonly string[],
  context: Pick<EffectContext, 'operation' | 'signal'>
): Promise<void> {
  const standing = await interfaceNames();
  const gone = bridges.filter((bridge) => !standing.includes(bridge));
  if (gone.length === 0) return;
  for (const tool of FAMILIES) {
    const { rules } = await saveTable(run, tool, 'filter', context);
    const commands = rules
      .filter((rule) => gone.includes(bridgeOf(rule) ?? ''))
      .map(({ chain, spec }) => `-D ${chain} ${spec}`);
    await changeTable(run, { tool, table: 'filter' }, commands, context);
  }
}

function bridgeOf({ chain, spec }: Rule): string | undefined {
  return RULES.map((rule) => rule.exec(`${chain} ${spec}`)?.[1]).find((name) => name !== undefined);
}
