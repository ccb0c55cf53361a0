import { failureOf } from '../../model/failure.ts';
import type { Effects } from '../effects.ts';
import { masqueradeChain, ownerComment, portmapChain } from './chain-names.ts';
import {
  changeTable,
  FAMILIES,
  leadsTo,
  saveTable,
  wordAfter,
  type Rule,
  type RuleTable,
  type RunTool
} from './iptables.ts';

/**
 * Removes what an interrupted DEL of the plugins bridge (`ipMasq`) and portmap left.
 *
 * Their chains are named by a hash of network and container, and their jumps carry a
 * comment that names both: only what agrees in full is touched.
 */
export function sweepEffects(run: RunTool): Pick<Effects, 'firewall.sweep'> {
  return {
    async 'firewall.sweep'({ container, networks }, context) {
      try {
        const owned = networks.flatMap((network) => chainsOf(network, container));
        for (const tool of owned.length === 0 ? [] : FAMILIES) {
          const table = await saveTable(run, tool, 'nat', context);
          const commands = owned.flatMap((chain) => removal(table, chain));
          await changeTable(run, { tool, table: 'nat' }, commands, context);
        }
        return { type: 'firewall.swept', container };
      } catch (error) {
        const doing = `removing firewall rules of container ${container}`;
        return {
          type: 'firewall.sweepFailed',
          container,
          failure: failureOf(error, 'firewall', doing)
        };
      }
    }
  };
}

interface OwnedChain {
  readonly chain: string;
  /** Chain in which the jumps to it stand. */
  readonly from: string;
  /** Of every jump to it. */
  readonly comment: string;
}

/**
 * @see pkg/utils/utils.go (`FormatChainName`) and plugins/meta/portmap/chain.go of the CNI plugins
 */
function chainsOf(network: string, container: string): readonly OwnedChain[] {
  const owner = ownerComment(network, container);
  return [
    { chain: masqueradeChain(network, container), from: 'POSTROUTING', comment: owner },
    {
      chain: portmapChain(network, container),
      from: 'CNI-HOSTPORT-DNAT',
      comment: trimmed(`dnat ${owner}`)
    }
  ];
}

// Two pairs of names may give one digest ("a" + "bc", "ab" + "c") and then share a chain:
// it goes with the last of them, and until then only the rules that say whose they are.
function removal(
  { chains, rules }: RuleTable,
  { chain, from, comment }: OwnedChain
): readonly string[] {
  const ours = rules.filter((rule) => wordAfter(rule, '--comment') === comment);
  const jumps = rules.filter((rule) => leadsTo(rule, chain));
  const unhook = jumps.filter((rule) => rule.chain === from && ours.includes(rule)).map(deletion);
  if (!chains.has(chain)) return unhook;
  if (jumps.length === unhook.length) return [...unhook, `-F ${chain}`, `-X ${chain}`];
  return [...unhook, ...ours.filter((rule) => rule.chain === chain).map(deletion)];
}

function deletion({ chain, spec }: Rule): string {
  return `-D ${chain} ${spec}`;
}

// The kernel keeps 255 bytes of a comment, and portmap shortens its own to that.
function trimmed(comment: string): string {
  return comment.length <= 255 ? comment : `${comment.slice(0, 252)}...`;
}
