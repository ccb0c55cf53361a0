import { closeSync, openSync } from 'node:fs';
import { libc } from './libc.ts';
import { decodeAttributes, decodeString, type NetlinkMessage } from './netlink-message.ts';
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  RT_TABLE_LOCAL,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE
} from './netlink-route.ts';
import {
  drainEvents,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  subscribeNetlink
} from './netlink-socket.ts';
import type { NetnsIdentity } from './nsfs.ts';
import { observeLinks } from './observe.ts';
import { pidfdOpen } from './pidfd.ts';
import { POLLIN, POLLPRI, type Polled } from './poll.ts';
import { processIdentity, type ProcessIdentity } from './process-identity.ts';
import { step } from './step.ts';
import { visitNetns } from './visit-netns.ts';
import type { KernelEvent, NetworkEvent, WatchedNetns } from './watch-messages.ts';

/** A file that becomes ready when something has changed. */
export interface Source extends Polled {
  /** Reads what has happened, so that the file is not ready any more. */
  read(report: (event: KernelEvent) => void): void;
  close(): void;
}

const RTNLGRP = { link: 1, ipv4Address: 5, ipv4Route: 7, ipv6Address: 9, ipv6Route: 11 };
const NFNLGRP_NFTABLES = 7;

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWGEN = 15;
const NFTA_GEN_PROC_NAME = 3;
const NFGENMSG_BYTES = 4;

const HOST_EVENT_BYTES = 0x40_0000;
const CONTAINER_EVENT_BYTES = 0x4_0000;

/** Links, addresses and routes of the calling thread's netns. */
export function hostNetwork(): Source {
  return networkSource(null, HOST_EVENT_BYTES);
}

/**
 * Those of another netns, which lives as long as the source is open.
 *
 * @throws {@link StepError} as `visitNetns`
 */
export function containerNetwork(key: string, path: string, expected: NetnsIdentity): Source {
  return visitNetns(path, expected, () => networkSource(key, CONTAINER_EVENT_BYTES));
}

/** Every committed change of nftables in the calling thread's netns, by iptables-nft too. */
export function nftables(): Source {
  const socket = subscribeNetlink(NETLINK_NETFILTER, [NFNLGRP_NFTABLES], HOST_EVENT_BYTES);
  return {
    fd: socket.fd,
    events: POLLIN,
    read(report) {
      const { lost } = drainEvents(socket, (message) => {
        if (message.type !== ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN)) return;
        report({ kind: 'firewall', backend: 'nftables', by: programIn(message) });
      });
      if (lost) report({ kind: 'overrun', netns: null, of: 'firewall' });
    },
    close: socket.close
  };
}

/** The mounts of this process: it is ready when one came or went. */
export function mountTable(onChange: () => void): Source {
  const fd = openSync('/proc/thread-self/mounts', 'r');
  return { fd, events: POLLPRI, read: onChange, close: () => closeSync(fd) };
}

/**
 * The end of a process.
 *
 * @returns `undefined` when it has ended already
 * @throws {@link StepError} an errno's name
 */
export function processEnd(
  key: string,
  { pid, startTicks }: ProcessIdentity,
  onEnd: () => void
): Source | undefined {
  const fd = step(`watch process ${pid}`, () => openProcess(pid));
  if (fd === undefined) return undefined;
  const close = () => void libc('close', fd);
  if (processIdentity(pid)?.startTicks !== startTicks) {
    close();
    return undefined;
  }
  return {
    fd,
    events: POLLIN,
    read(report) {
      report({ kind: 'exit', key });
      onEnd();
    },
    close
  };
}

function networkSource(netns: WatchedNetns, receiveBytes: number): Source {
  const socket = subscribeNetlink(NETLINK_ROUTE, Object.values(RTNLGRP), receiveBytes);
  try {
    const names = new Map(observeLinks().map(({ index, name }) => [index, name]));
    return {
      fd: socket.fd,
      events: POLLIN,
      read(report) {
        const { lost } = drainEvents(socket, (message) => {
          const event = networkEvent(message, netns, names);
          if (event !== undefined) report(event);
        });
        if (lost) report({ kind: 'overrun', netns, of: 'network' });
      },
      close: socket.close
    };
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** @param names of interfaces by index, which this keeps up to date */
function networkEvent(
  message: NetlinkMessage,
  netns: WatchedNetns,
  names: Map<number, string>
): NetworkEvent | undefined {
  switch (message.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return linkEvent(message, netns, names);
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const found = decodeAddress(message);
      if (found === undefined) return undefined;
      const { index, address } = found;
      const present = message.type === RTM_NEWADDR;
      return { kind: 'address', netns, index, name: names.get(index) ?? '', address, present };
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = decodeRoute(message);
      // The local table follows from the addresses, and kept lookups are no configuration.
      if (route === undefined || route.cloned || route.table === RT_TABLE_LOCAL) return undefined;
      const { index, destination, gateway, table } = route;
      const name = names.get(index) ?? '';
      const present = message.type === RTM_NEWROUTE;
      return { kind: 'route', netns, index, name, destination, gateway, table, present };
    }
    default:
      return undefined;
  }
}

// A bridge tells of its ports in messages of their own, as if they were links that come and go.
const AF_BRIDGE = 7;

function linkEvent(
  message: NetlinkMessage,
  netns: WatchedNetns,
  names: Map<number, string>
): NetworkEvent | undefined {
  if (message.payload[0] === AF_BRIDGE) return undefined;
  const { index, name, up } = decodeLink(message);
  const present = message.type === RTM_NEWLINK;
  if (present) names.set(index, name);
  else names.delete(index);
  return { kind: 'link', netns, index, name, present, up: present && up };
}

function programIn({ payload }: NetlinkMessage): readonly string[] {
  const name = decodeAttributes(payload.subarray(NFGENMSG_BYTES)).get(NFTA_GEN_PROC_NAME);
  return name === undefined ? [] : [decodeString(name)];
}

function openProcess(pid: number): number | undefined {
  try {
    return pidfdOpen(pid);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return undefined;
    throw error;
  }
}
