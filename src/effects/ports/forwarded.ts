import type { PortMapping, Protocol } from '../../model/container.ts';
import { listDnat } from '../../syscalls/netlink-nftables.ts';
import type { Dnat } from '../../syscalls/nftables-dnat.ts';
import { StepError } from '../../syscalls/step.ts';
import { hasLegacyTable } from '../../syscalls/xtables.ts';

const TABLE = 'nat';

/**
 * The host ports that rules in some chains of iptables forward at most, as the kernel tells it.
 *
 * It knows neither to whom, nor for which addresses of the host only.
 *
 * @returns `undefined` when it can't be told: rules of `iptables-legacy`, rules for any port, a
 *   kernel without nftables, a user who may not ask
 */
export function forwardedAtMost(
  family: 4 | 6,
  isPublisher: (chain: string) => boolean
): readonly PortMapping[] | undefined {
  const rules = dnatRules(family, isPublisher);
  const mappings = rules?.map((rule) => mappingsOf(rule, family === 4 ? '' : '::'));
  return mappings?.every((some) => some !== undefined) ? mappings.flat() : undefined;
}

function dnatRules(
  family: 4 | 6,
  isPublisher: (chain: string) => boolean
): readonly Dnat[] | undefined {
  if (hasLegacyTable(family, TABLE)) return undefined;
  try {
    return listDnat(family, TABLE, isPublisher);
  } catch (error) {
    // Whoever asks in another way is told what is wrong.
    if (error instanceof StepError) return undefined;
    throw error;
  }
}

const PROTOCOLS = new Map<number, Protocol>([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp']
]);

function mappingsOf({ protocol, ports }: Dnat, hostIp: string): readonly PortMapping[] | undefined {
  if (ports === undefined) return undefined;
  const [first, last] = ports;
  const [known] = protocol === undefined ? [] : [PROTOCOLS.get(protocol)];
  // Of a protocol that has no ports to publish it is no concern.
  if (protocol !== undefined && known === undefined) return [];
  const protocols = known === undefined ? [...PROTOCOLS.values()] : [known];
  return protocols.map((one) => ({
    hostIp,
    hostPort: first,
    containerPort: first,
    range: last - first + 1,
    protocol: one
  }));
}
