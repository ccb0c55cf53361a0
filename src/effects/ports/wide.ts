import type { AttachmentPlan } from '../../model/container.ts';
import type { PluginConf } from '../../model/conflist.ts';
import { wideMappings, type CapabilityPort } from '../../model/wide-ports.ts';
import type { EffectContext } from '../effects.ts';
import {
  changeTable,
  FAMILIES,
  leadsTo,
  saveTable,
  wordAfter,
  type Rule,
  type RuleTable,
  type RunTool
} from '../firewall/iptables.ts';
import { portmapChain } from '../firewall/chain-names.ts';

/** Publishes wide ranges past a plugin that would need minutes for them. */
export interface WideRanges {
  /** Whether the plugin may be given the first port of a wide range in place of all. */
  takesFirst(plugin: PluginConf): boolean;
  /**
   * Publishes the other ports, once the plugin has published the first ones.
   *
   * @returns whether it was done; `false` when the plugin's rules aren't where they were looked for
   * @throws MooringError `firewall.saveFailed`, `firewall.restoreFailed`
   */
  publishRest(plan: AttachmentPlan, container: string, context: Context): Promise<boolean>;
}

type Context = Pick<EffectContext, 'operation' | 'signal'>;

/**
 * The plugin portmap adds three rules a port, each by a program of its own that reads all the
 * rules before it: 26 s for 1,000 ports, and a hundred times that for 10,000. So it is given
 * the first port, and its own rules for that one are repeated, in its own chain, with the rest
 * of the range in place of the port. Its DEL takes the whole chain away, as our sweep does.
 */
export function wideRanges(run: RunTool): WideRanges {
  return {
    // With nftables it has sets, and another table.
    takesFirst: ({ type, backend }) => type === 'portmap' && backend !== 'nftables',
    async publishRest({ network, capabilityArgs }, container, context) {
      const wide = wideMappings(capabilityArgs);
      if (wide.length === 0) return true;
      const chain = portmapChain(network, container);
      const perFamily = await Promise.all(
        FAMILIES.map(async (tool) => {
          const rules = await saveTable(run, tool, 'nat', context);
          return { tool, rest: wide.map((mapping) => restRules(rules, chain, mapping)) };
        })
      );
      const isFound = wide.every((_, index) => perFamily.some(({ rest }) => rest[index]?.length));
      if (!isFound) return false;
      for (const { tool, rest } of perFamily) {
        await changeTable(run, { tool, table: 'nat' }, rest.flat(), context);
      }
      return true;
    }
  };
}

/** The rules for a range without its first port, after those for the first; none when there are none. */
export function restRules(
  { rules }: RuleTable,
  chain: string,
  mapping: CapabilityPort
): readonly string[] {
  const ours = rules.filter((rule) => rule.chain === chain && isFor(rule, mapping));
  const jump = rules.find(
    (rule) => leadsTo(rule, chain) && wordAfter(rule, '-p') === mapping.protocol
  );
  if (jump === undefined || !ours.some((rule) => wordAfter(rule, '-j') === 'DNAT')) return [];
  return [...ours, jump].map((rule) => `-A ${rule.chain} ${widened(rule.spec, mapping)}`);
}

function isFor(rule: Rule, { hostPort, hostIP, protocol }: CapabilityPort): boolean {
  const address = wordAfter(rule, '-d')?.replace(/\/\d+$/, '') ?? '';
  // Every address of a family is none in a rule.
  const wanted = hostIP === '::' ? '' : hostIP;
  return (
    wordAfter(rule, '--dport') === String(hostPort) &&
    wordAfter(rule, '-p') === protocol &&
    address === wanted
  );
}

// The base port behind the slash makes the kernel keep each port's place in the range.
function widened(spec: string, { hostPort, containerPort, range }: CapabilityPort): string {
  const [first, last] = [hostPort + 1, hostPort + range - 1];
  const inside = `${containerPort + 1}-${containerPort + range - 1}/${first}`;
  return spec
    .replace(/ --dport \d+/, ` --dport ${first}:${last}`)
    .replace(/ --dports \S+/, ` --dports ${first}:${last}`)
    .replace(/( --to-destination \S+):\d+/, `$1:${inside}`);
}
