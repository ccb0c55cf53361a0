import { nftablesGeneration } from '../../syscalls/netlink-nftables.ts';
import { StepError } from '../../syscalls/step.ts';

/** A number that every change of the host's nftables changes; `undefined` where the kernel won't tell. */
export function firewallGeneration(): number | undefined {
  try {
    return nftablesGeneration();
  } catch (error) {
    if (error instanceof StepError) return undefined;
    throw error;
  }
}
