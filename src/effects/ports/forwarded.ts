import type { PortMapping, Protocol } from '../../model/container.ts';
import { listDnat } from '../../syscalls/netlink-nftables.ts';
import type { Dnat } from '../../syscalls/nftables-dnat.ts';
import { StepError } from '../../syscalls/step.ts';
import { hasLegacyRules } from '../../syscalls/xtables.ts';

const TABLE = 'nat';

/**
 * The host ports that rules in some chains of iptables forward at most, as the kernel tells it.
 *
 * It knows neither to whom, nor whether for some addresses of the host only.
 *
 * @returns `undefined` when it can't be told: rules of `iptables-legacy`, rules for any port, a
 *   kernel without nftables, a user who may not ask
 */
export function forwardedAtMost(
  families: readonly (4 | 6)[],
  isPublisher: (chain: string) => boolean
): readonly PortMapping[] | undefined {
  const rules = dnatRules(families, isPublisher);
  if (rules?.flat().some(({ ports }) => ports === undefined) !== false) return undefined;
  return families.flatMap((family, index) =>
    rules[index]!.flatMap((rule) => mappingsOf(rule, family === 4 ? '' : '::'))
  );
}

function dnatRules(
  families: readonly (4 | 6)[],
  isPublisher: (chain: string) => boolean
): readonly (readonly Dnat[])[] | undefined {
  try {
    if (families.some((family) => hasLegacyRules(family, TABLE))) return undefined;
    return listDnat(families, TABLE, isPublisher);
  } catch (error) {
    // Whoever asks in another way is told what is wrong.
    if (error instanceof StepError) return undefined;
    throw error;
  }
}

const PROTOCOLS: readonly (readonly [number, Protocol])[] = [
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp']
];

function mappingsOf({ protocol, ports }: Dnat, hostIp: string): readonly PortMapping[] {
  const [first, last] = ports!;
  const range = last - first + 1;
  return PROTOCOLS.filter(([number]) => protocol === undefined || protocol === number).map(
    ([, name]) => ({ hostIp, hostPort: first, containerPort: first, range, protocol: name })
  );
}
