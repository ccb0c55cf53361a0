import { statSync } from 'node:fs';
import type { Netns } from '../model/container.ts';
import { failureOf, MooringError } from '../model/failure.ts';
import { counterOf, type InterfaceStats } from '../model/stats.ts';
import type { Link, LinkStats } from '../syscalls/netlink-route.ts';
import type { NetnsThread } from '../syscalls/netns-thread.ts';
import { identityOf, isSameNetns } from '../syscalls/nsfs.ts';

/**
 * Counters of every interface in a netns but `lo`, which carries nothing in or out.
 *
 * @returns `null` for the host's netns: what it carries is not the container's
 * @throws MooringError `netns.gone`, `netns.replaced`, or an errno's name
 */
export async function linkStats(
  thread: Pick<NetnsThread, 'observe'>,
  netns: Netns
): Promise<readonly InterfaceStats[] | null> {
  if (isHost(netns)) return null;
  try {
    const { links } = await thread.observe(netns.path, netns);
    return links.filter(({ loopback }) => !loopback).map(interfaceStats);
  } catch (error) {
    const { code, message } = failureOf(error, 'netns', 'reading link statistics');
    throw new MooringError(code, message, { cause: error });
  }
}

function isHost(netns: Netns): boolean {
  return isSameNetns(netns, identityOf(statSync('/proc/self/ns/net', { bigint: true })));
}

function interfaceStats({ name, stats = NONE }: Link): InterfaceStats {
  return {
    name,
    rxBytes: counterOf(stats.rxBytes),
    rxPackets: counterOf(stats.rxPackets),
    rxErrors: counterOf(stats.rxErrors),
    rxDropped: counterOf(stats.rxDropped),
    txBytes: counterOf(stats.txBytes),
    txPackets: counterOf(stats.txPackets),
    txErrors: counterOf(stats.txErrors),
    txDropped: counterOf(stats.txDropped)
  };
}

// A list of links has counters for each; the type is shared with events, which have none.
const NONE: LinkStats = {
  rxPackets: 0n,
  txPackets: 0n,
  rxBytes: 0n,
  txBytes: 0n,
  rxErrors: 0n,
  txErrors: 0n,
  rxDropped: 0n,
  txDropped: 0n
};
