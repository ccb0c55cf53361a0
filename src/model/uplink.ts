import type { Netns, PortMapping } from './container.ts';
import type { PastaOptions } from './pasta-options.ts';
import type { SlirpOptions } from './slirp-options.ts';

/** The program that connects a netns with the host's network, and how. */
export type UplinkSpec =
  | { readonly kind: 'slirp4netns'; readonly options: SlirpOptions }
  | { readonly kind: 'pasta'; readonly options: PastaOptions };

/** Ports that the program itself forwards, by container. */
export type Forwards = Readonly<Record<string, readonly PortMapping[]>>;

/** What an uplink was last brought up with, as far as that makes another process necessary. */
export interface UplinkPlan {
  readonly spec: UplinkSpec;
  readonly netns: Netns;
}

/** A running program, told from a later process with its number by its start. */
export interface UplinkProcess {
  readonly pid: number;
  /** Clock ticks since boot, decimal. */
  readonly startTime: string;
}

/**
 * Id of the uplink of a private host, which all its networks share. No container can be called so;
 * every other uplink has its container's id.
 */
export const SHARED_UPLINK = '@rootless';

/** Id of the one `rootlessNetns` of a state directory. */
export const ROOTLESS_NETNS = 'shared';

/** How a container reaches the outside when it has an uplink of its own. */
export interface UplinkView {
  readonly kind: UplinkSpec['kind'];
  /** Of the interface inside, `tap0`. */
  readonly ifName: string;
  /** CIDRs of global scope, `10.0.2.100/24`. */
  readonly addresses: readonly string[];
  /** Router of each family that it has; `''` for one that it has not. */
  readonly gateway: string;
  readonly gateway6: string;
  /** Servers that answer for the host's, to be asked first. */
  readonly nameservers: readonly string[];
  /** Where the host is reached; `''` when it is not. */
  readonly hostAddress: string;
}

export function forwardsOf(forwards: Forwards): readonly PortMapping[] {
  return Object.keys(forwards)
    .sort()
    .flatMap((holder) => forwards[holder] ?? []);
}
