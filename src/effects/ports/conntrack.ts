import { existsSync } from 'node:fs';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { PortMapping } from '../../model/container.ts';
import { contains, parseAddress, parseSubnet, type Subnet } from '../../model/subnet.ts';
import {
  CT_DELETE,
  CT_GET,
  decodeConnection,
  deleteConnection,
  IPPROTO_UDP,
  listConnections,
  type TrackedConnection
} from '../../syscalls/netlink-conntrack.ts';
import { RTN_LOCAL } from '../../syscalls/netlink-route.ts';
import {
  change,
  dump,
  NETLINK_NETFILTER,
  openNetlink,
  type NetlinkSocket
} from '../../syscalls/netlink-socket.ts';
import { observeRoutes } from '../../syscalls/observe.ts';
import { StepError } from '../../syscalls/step.ts';

/** Host ports as they are published; `family` absent: both. */
export type PublishedPorts = Pick<PortMapping, 'protocol' | 'hostIp' | 'hostPort' | 'range'> & {
  readonly family?: 4 | 6;
};

// It exists in every netns as soon as connections are tracked by anybody.
const TRACKING = '/proc/sys/net/netfilter/nf_conntrack_count';

/** As many ports are asked for one by one; of more, the kernel gives every connection of UDP. */
const SINGLE_PORTS_MAX = 8;

/**
 * Makes the kernel forget which container UDP packets to these host ports went to.
 *
 * NAT rules are asked for the first packet of a connection only, and a client that keeps sending
 * keeps the connection: so it is to be called when the rules have changed, after ADD and after DEL.
 * What it finds are packets that were sent to a host port (not to the container's) of an address
 * of this host: what containers send out to the same port elsewhere is left alone.
 *
 * @returns how many connections were forgotten; 0 for other protocols, whose connections end
 * @throws {@link StepError} an errno's name
 */
export async function flushConntrack(ports: PublishedPorts): Promise<number> {
  if (ports.protocol !== 'udp' || !existsSync(TRACKING)) return 0;
  const isOurs = matcher(ports);
  const socket = openNetlink(NETLINK_NETFILTER);
  try {
    const found: TrackedConnection[] = [];
    for (const family of familiesOf(ports)) {
      for (const port of askedPorts(ports)) {
        const connections = await connectionsTo(socket, family, port);
        found.push(...connections.filter(isOurs));
      }
    }
    return found.filter((connection) => forget(socket, connection)).length;
  } finally {
    socket.close();
  }
}

function familiesOf({ family, hostIp }: PublishedPorts): readonly (4 | 6)[] {
  if (family !== undefined) return [family];
  return hostIp === '' ? [4, 6] : [parseAddress(hostIp).family];
}

function askedPorts({ hostPort, range }: PublishedPorts): readonly (number | undefined)[] {
  if (range > SINGLE_PORTS_MAX) return [undefined];
  return Array.from({ length: range }, (_, index) => hostPort + index);
}

/** The kernel's answer may hold more than was asked for: an older one knows no filter. */
function matcher({
  hostIp,
  hostPort,
  range
}: PublishedPorts): (connection: TrackedConnection) => boolean {
  const isHost = hostIp === '' ? ofThisHost() : (address: string) => address === hostIp;
  return ({ protocol, destination, destinationPort }) =>
    protocol === IPPROTO_UDP &&
    destinationPort >= hostPort &&
    destinationPort < hostPort + range &&
    isHost(destination);
}

/** As the rules of a port that is published on every address: `--dst-type LOCAL`. */
function ofThisHost(): (address: string) => boolean {
  const subnets: readonly Subnet[] = observeRoutes()
    .filter(({ type }) => type === RTN_LOCAL)
    .map(({ destination }) => parseSubnet(destination));
  return (text) => {
    const address = parseAddress(text);
    return subnets.some((subnet) => contains(subnet, address));
  };
}

async function connectionsTo(
  socket: NetlinkSocket,
  family: 4 | 6,
  port: number | undefined
): Promise<readonly TrackedConnection[]> {
  let found: TrackedConnection[] = [];
  const payload = listConnections(family, IPPROTO_UDP, port);
  const doing = `list tracked IPv${family} connections`;
  for (const part of dump(socket, { type: CT_GET, doing, payload })) {
    if (part === 'again') found = [];
    else found.push(...part.flatMap((message) => decodeConnection(message) ?? []));
    // There may be a million of them.
    await othersTurn();
  }
  return found;
}

/** @returns `false` when it had ended meanwhile */
function forget(socket: NetlinkSocket, connection: TrackedConnection): boolean {
  const { source, sourcePort, destination, destinationPort } = connection;
  const doing = `forget UDP from ${source} ${sourcePort} to ${destination} ${destinationPort}`;
  try {
    change(socket, { type: CT_DELETE, doing, payload: deleteConnection(connection) }, 0);
    return true;
  } catch (error) {
    if (error instanceof StepError && error.code === 'ENOENT') return false;
    throw error;
  }
}
