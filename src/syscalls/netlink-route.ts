import { addressText, macText } from './address-text.ts';
import { decodeAttributes, decodeString, type NetlinkMessage } from './netlink-message.ts';

/** An interface, as `ip -s link` shows it. */
export interface Link {
  readonly index: number;
  /** `eth0` */
  readonly name: string;
  /** `''` when it has none. */
  readonly mac: string;
  readonly mtuBytes: number;
  /** Set up by the administrator, `IFF_UP`; the cable may be out. */
  readonly up: boolean;
  /** Able to carry traffic, `IFF_LOWER_UP`. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** `veth`, `bridge`, `macvlan` …; `''` for hardware and `lo`. */
  readonly kind: string;
  /** Index of the bridge it is a port of; 0: of none. */
  readonly master: number;
  /** Index of the other end or of the device below, perhaps in another netns; 0: none. */
  readonly peer: number;
  /** Number by which this netns knows that of `peer`, negative when it has ended; absent: the same. */
  readonly peerNetns?: number;
  /** Absent from events. */
  readonly stats?: LinkStats;
}

/** From the interface's own side, since it was made. */
export interface LinkStats {
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
}

export interface LinkAddress {
  /** Of the interface. */
  readonly index: number;
  /** CIDR, `10.88.0.5/16` */
  readonly address: string;
  readonly family: 4 | 6;
  /** Not made by autoconfiguration, so neither link-local nor temporary. */
  readonly permanent: boolean;
}

export interface Route {
  readonly family: 4 | 6;
  /** CIDR, `0.0.0.0/0` for the default route. */
  readonly destination: string;
  /** `''` when it needs none. */
  readonly gateway: string;
  /** Index of the interface; 0: none, or several. */
  readonly index: number;
  /** 254 is `main`, 255 `local`. */
  readonly table: number;
  readonly priority: number;
  /** 1 unicast, 2 local, 3 broadcast, 6 blackhole, 7 unreachable, 8 prohibit … */
  readonly type: number;
  /** Of a lookup that was kept, not of a table. */
  readonly cloned: boolean;
}

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RT_TABLE_LOCAL = 255;

const AF_INET = 2;
const AF_INET6 = 10;

const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_LOWER_UP = 0x1_0000;
const IFA_F_PERMANENT = 0x80;
const RTM_F_CLONED = 0x200;

// struct ifinfomsg, struct ifaddrmsg, struct rtmsg
const LINK_HEAD_BYTES = 16;
const ADDRESS_HEAD_BYTES = 8;
const ROUTE_HEAD_BYTES = 12;

const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  linkInfo: 18,
  stats64: 23,
  linkNetns: 37
};
const IFLA_INFO_KIND = 1;
const IFA = { address: 1, local: 2, flags: 8 };
const RTA = { destination: 1, outInterface: 4, gateway: 5, priority: 6, table: 15, via: 18 };

/** Payload of `RTM_GETLINK` for every link. */
export function listLinks(): Buffer {
  return Buffer.alloc(LINK_HEAD_BYTES);
}

/** Payload of `RTM_GETADDR` for every address of both families. */
export function listAddresses(): Buffer {
  return Buffer.alloc(ADDRESS_HEAD_BYTES);
}

/** Payload of `RTM_GETROUTE` for every route of every table. */
export function listRoutes(family: 4 | 6): Buffer {
  const head = Buffer.alloc(ROUTE_HEAD_BYTES);
  head[0] = family === 4 ? AF_INET : AF_INET6;
  return head;
}

/** @param payload of `RTM_NEWLINK` or `RTM_DELLINK` */
export function decodeLink({ payload }: Pick<NetlinkMessage, 'payload'>): Link {
  const attributes = decodeAttributes(payload.subarray(LINK_HEAD_BYTES));
  const flags = payload.readUInt32LE(8);
  const number = (type: number) => attributes.get(type)?.readUInt32LE(0) ?? 0;
  const mac = attributes.get(IFLA.address);
  const info = attributes.get(IFLA.linkInfo);
  const kind = info === undefined ? undefined : decodeAttributes(info).get(IFLA_INFO_KIND);
  const stats = attributes.get(IFLA.stats64);
  const peerNetns = attributes.get(IFLA.linkNetns)?.readInt32LE(0);
  return {
    index: payload.readInt32LE(4),
    name: decodeString(attributes.get(IFLA.name) ?? Buffer.alloc(0)),
    mac: mac === undefined ? '' : macText(mac),
    mtuBytes: number(IFLA.mtu),
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_LOWER_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    kind: kind === undefined ? '' : decodeString(kind),
    master: number(IFLA.master),
    peer: number(IFLA.link),
    ...(peerNetns === undefined ? {} : { peerNetns }),
    ...(stats === undefined ? {} : { stats: decodeStats(stats) })
  };
}

/** @param payload of `RTM_NEWADDR` or `RTM_DELADDR` */
export function decodeAddress({
  payload
}: Pick<NetlinkMessage, 'payload'>): LinkAddress | undefined {
  const attributes = decodeAttributes(payload.subarray(ADDRESS_HEAD_BYTES));
  // Where both ends of a link have an address, IFA_ADDRESS is the other one's.
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  const family = familyOf(payload[0]);
  if (bytes === undefined || family === undefined) return undefined;
  const flags = attributes.get(IFA.flags)?.readUInt32LE(0) ?? payload.readUInt8(2);
  return {
    index: payload.readUInt32LE(4),
    address: `${addressText(bytes)}/${payload.readUInt8(1)}`,
    family,
    permanent: (flags & IFA_F_PERMANENT) !== 0
  };
}

/** @param payload of `RTM_NEWROUTE` or `RTM_DELROUTE`; `undefined` for multicast routing and MPLS */
export function decodeRoute({ payload }: Pick<NetlinkMessage, 'payload'>): Route | undefined {
  const family = familyOf(payload[0]);
  if (family === undefined) return undefined;
  const attributes = decodeAttributes(payload.subarray(ROUTE_HEAD_BYTES));
  const number = (type: number) => attributes.get(type)?.readUInt32LE(0);
  const destination = attributes.get(RTA.destination) ?? Buffer.alloc(family === 4 ? 4 : 16);
  // RTA_VIA is a gateway of the other family, after two bytes that say which.
  const gateway = attributes.get(RTA.gateway) ?? attributes.get(RTA.via)?.subarray(2);
  return {
    family,
    destination: `${addressText(destination)}/${payload.readUInt8(1)}`,
    gateway: gateway === undefined ? '' : addressText(gateway),
    index: number(RTA.outInterface) ?? 0,
    table: number(RTA.table) ?? payload.readUInt8(4),
    priority: number(RTA.priority) ?? 0,
    type: payload.readUInt8(7),
    cloned: (payload.readUInt32LE(8) & RTM_F_CLONED) !== 0
  };
}

function familyOf(number: number | undefined): 4 | 6 | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}

/** @see struct rtnl_link_stats64, include/uapi/linux/if_link.h */
function decodeStats(bytes: Buffer): LinkStats {
  const counter = (place: number) => bytes.readBigUInt64LE(8 * place);
  return {
    rxPackets: counter(0),
    txPackets: counter(1),
    rxBytes: counter(2),
    txBytes: counter(3),
    rxErrors: counter(4),
    txErrors: counter(5),
    rxDropped: counter(6),
    txDropped: counter(7)
  };
}
