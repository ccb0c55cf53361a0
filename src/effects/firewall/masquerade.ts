import { hasChain } from '../../syscalls/netlink-nftables.ts';
import { StepError } from '../../syscalls/step.ts';
import { hasLegacyRules } from '../../syscalls/xtables.ts';
import { masqueradeChain } from './chain-names.ts';

const TABLE = 'nat';
const FAMILIES = [4, 6] as const;

/**
 * Whether the host masquerades what an attachment sends, as the kernel tells it.
 *
 * @returns `undefined` when it can't be told: rules of `iptables-legacy`, a kernel without nftables, a
 *   user who may not ask
 */
export function isMasqueraded(network: string, container: string): boolean | undefined {
  const chain = masqueradeChain(network, container);
  try {
    if (FAMILIES.some((family) => hasLegacyRules(family, TABLE))) return undefined;
    return hasChain(FAMILIES, TABLE, chain);
  } catch (error) {
    // Whoever looks in another way is told what is wrong.
    if (error instanceof StepError) return undefined;
    throw error;
  }
}
