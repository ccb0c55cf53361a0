import type { Conflist } from './conflist.ts';
import type { CniResult } from './cni-result.ts';
import type { JsonObject } from './json.ts';
import type { UplinkSpec } from './uplink.ts';

/** What a container's network shall be. */
export interface ContainerSpec {
  readonly id: string;
  /** Attached in this order; none leaves the container with `lo` alone. */
  readonly networks: readonly AttachmentSpec[];
  /** It shall never have a network (`--network none`), not only none at the moment. */
  readonly isolated?: true;
  readonly ports: readonly PortMapping[];
  /** Ports that it says it serves, published or not; absent when it says nothing. */
  readonly expose?: readonly ExposedPort[];
  /** Where its netns comes from; absent: one is made for it. */
  readonly namespace?: NamespaceSpec;
  /** What connects its netns with the host's network in place of networks; absent: nothing does. */
  readonly uplink?: UplinkSpec;
  /** What it is called besides its id; absent: its id alone. */
  readonly hostname?: string;
  /** What its resolv.conf shall say; `none`: it is given none. */
  readonly dns?: DnsSpec | 'none';
  readonly hosts?: HostsSpec;
}

/** A range of `range` container ports. */
export interface ExposedPort {
  /** First container port. */
  readonly port: number;
  /** How many ports, at least 1. */
  readonly range: number;
  readonly protocol: Protocol;
}

/** What of it is empty is taken from its networks, or else from the host. */
export interface DnsSpec {
  /** Addresses: `10.0.0.53`, `fe80::1%eth0`. */
  readonly servers: readonly string[];
  /** `.` among them means none, whatever the networks or the host say. */
  readonly search: readonly string[];
  /** `ndots:2` */
  readonly options: readonly string[];
}

export interface HostsSpec {
  readonly add?: readonly HostEntry[];
  /** It is given no hosts file: the image's is used. */
  readonly none?: true;
  /** Absolute path of the file it begins with instead of the host's. */
  readonly file?: string;
}

export interface HostEntry {
  readonly name: string;
  /** Or {@link HOST_GATEWAY}. */
  readonly address: string;
}

/** In place of an address: the host as the container reaches it. */
export const HOST_GATEWAY = 'host-gateway';

/** A netns that is not made for the container. Only in one of a process can networks be attached. */
export type NamespaceSpec =
  /** That of a process, pinned for the container; `startTime` in clock ticks tells it from a later one. */
  | { readonly kind: 'process'; readonly pid: number; readonly startTime: string }
  /** One that stands at a path and is somebody else's. */
  | { readonly kind: 'path'; readonly path: string }
  /** Another container's, which is kept as long as one of the two is up. */
  | { readonly kind: 'container'; readonly container: string }
  /** The host's. */
  | { readonly kind: 'host' };

export interface AttachmentSpec {
  /** Conflist name. */
  readonly network: string;
  /** Name inside the container, `eth0`. */
  readonly ifName: string;
  /** Addresses asked for, v4 or v6, without prefix: `10.88.0.5`. */
  readonly ips?: readonly string[];
  /** `aa:bb:cc:dd:ee:01` */
  readonly mac?: string;
  /** Further names on this network. */
  readonly aliases?: readonly string[];
}

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A range of `range` host ports, forwarded one to one. */
export interface PortMapping {
  /** Host address without brackets; `''` is every address of both families. */
  readonly hostIp: string;
  /** First host port; 0 leaves the choice to Mooring (in a spec only). */
  readonly hostPort: number;
  /** First container port. */
  readonly containerPort: number;
  /** How many ports, at least 1. */
  readonly range: number;
  readonly protocol: Protocol;
  /** Who publishes it; absent: the plugin portmap, and in a spec what is usual where it is. */
  readonly via?: PortVia;
}

/**
 * Who publishes a port when it is not the plugin portmap alone.
 *
 * `forward`: a forwarder of ours, which connects to the container itself. `hostfwd`: the slirp4netns
 * of the private host, and portmap behind it. `slirp4netns`, `pasta`: the container's own.
 */
export type PortVia = 'forward' | 'hostfwd' | 'slirp4netns' | 'pasta';

/** A pinned network namespace; device and inode tell it from a later one at the same path. */
export interface Netns {
  /** Absolute path, `/run/netns/mooring-web`. */
  readonly path: string;
  /** `st_dev` of the nsfs file, decimal. */
  readonly device: string;
  /** `st_ino` of the nsfs file, decimal. */
  readonly inode: string;
}

/**
 * All that ADD, CHECK and DEL of one network need, fixed before the first ADD.
 *
 * It is journalled, so that DEL can run when the conflist has changed or gone.
 */
export interface AttachmentPlan {
  readonly network: string;
  readonly ifName: string;
  /** With the plugins of its sub-directory, so nothing is read again. */
  readonly conflist: Conflist;
  /** CNI_ARGS in order, `IgnoreUnknown=1` first. */
  readonly args: readonly (readonly [string, string])[];
  /**
   * By capability name, `{ portMappings: […] }`; each plugin is given those it declares. A port
   * mapping may have a `range`, which is expanded for the plugin alone.
   */
  readonly capabilityArgs: JsonObject;
}

/** A network that was, or may have been, added. */
export interface Attachment extends AttachmentPlan {
  /** The last plugin's answer; absent until ADD has succeeded. */
  readonly result?: CniResult;
  /** Its addresses are kept: DEL does not give them back, and ADD is asked for these. */
  readonly pinned?: true;
}

/** Files of a container, for an engine to mount at `/etc/resolv.conf` and `/etc/hosts`. */
export interface ContainerFiles {
  /** Absolute paths; `null` for one that it is not given. */
  readonly resolvConf: string | null;
  readonly hosts: string | null;
}
