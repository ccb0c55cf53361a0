import { dumpAll, NETLINK_ROUTE, openNetlink, type NetlinkSocket } from './netlink-socket.ts';
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  listAddresses,
  listLinks,
  listRoutes,
  RT_TABLE_LOCAL,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETROUTE,
  type Link,
  type LinkAddress,
  type Route
} from './netlink-route.ts';

/** What the kernel holds in one netns. */
export interface ObservedNetwork {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
  /** Of every table but `local`, which follows from the addresses. */
  readonly routes: readonly Route[];
}

/**
 * Lists links with their counters, addresses and routes in the netns of the calling thread.
 *
 * The three lists are taken one after the other: each is consistent in itself.
 *
 * @throws {@link StepError} an errno's name, `dumpInterrupted`
 */
export function observeNetwork(): ObservedNetwork {
  return withRouteSocket((socket) => ({
    links: dumpLinks(socket),
    addresses: dumpAll(socket, ADDRESSES).flatMap((message) => decodeAddress(message) ?? []),
    routes: allRoutes(socket).filter(({ table, cloned }) => table !== RT_TABLE_LOCAL && !cloned)
  }));
}

/** The links alone. */
export function observeLinks(): readonly Link[] {
  return withRouteSocket(dumpLinks);
}

/** Every route of the calling thread's netns, those of the table `local` too. */
export function observeRoutes(): readonly Route[] {
  return withRouteSocket(allRoutes);
}

function withRouteSocket<Result>(use: (socket: NetlinkSocket) => Result): Result {
  const socket = openNetlink(NETLINK_ROUTE);
  try {
    return use(socket);
  } finally {
    socket.close();
  }
}

function dumpLinks(socket: NetlinkSocket): readonly Link[] {
  return dumpAll(socket, LINKS).map(decodeLink);
}

function allRoutes(socket: NetlinkSocket): readonly Route[] {
  return ([4, 6] as const).flatMap((family) =>
    dumpAll(socket, {
      type: RTM_GETROUTE,
      doing: `list IPv${family} routes`,
      payload: listRoutes(family)
    }).flatMap((message) => decodeRoute(message) ?? [])
  );
}

const LINKS = { type: RTM_GETLINK, doing: 'list links', payload: listLinks() };
const ADDRESSES = { type: RTM_GETADDR, doing: 'list addresses', payload: listAddresses() };
