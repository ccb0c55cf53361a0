import { FAMILIES, saveTable, wordAfter, type RunTool } from '../firewall/iptables.ts';
import type { EffectContext } from '../effects.ts';

/** Whose rules stand in the nat tables, as the comments of the plugins tell. */
export interface RuleOwner {
  readonly network: string;
  readonly container: string;
}

/** Of either family, each pair once. Another tool's rules carry the same comments. */
export async function ruleOwners(
  run: RunTool,
  context: Pick<EffectContext, 'operation' | 'signal'>
): Promise<readonly RuleOwner[]> {
  const owners = new Map<string, RuleOwner>();
  for (const tool of FAMILIES) {
    const { rules } = await saveTable(run, tool, 'nat', context);
    for (const rule of rules) {
      const [, network, container] = OWNER.exec(wordAfter(rule, '--comment') ?? '') ?? [];
      if (network === undefined || container === undefined) continue;
      owners.set(JSON.stringify([network, container]), { network, container });
    }
  }
  return [...owners.values()];
}

/** As bridge and portmap write it; see `firewall/sweep.ts`, which removes only what agrees in full. */
const OWNER = /^(?:dnat )?name: "([^"]+)" id: "([^"]+)"$/;
