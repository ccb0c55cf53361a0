import type { Failure } from './failure.ts';

/** Something that Mooring left on the host or in its store, and whose owner is gone. */
export interface Garbage {
  readonly kind: GarbageKind;
  /** `container/web`, `namespace/web` or `network/front`: who had it. */
  readonly owner: string;
  /** The thing itself: a path, `front eth0`, `name: "front" id: "web"`. */
  readonly object: string;
}

export type GarbageKind =
  /** A file of the CNI result cache. */
  | 'result'
  /** An address that host-local has given out. */
  | 'lease'
  /** Chains and rules of iptables. */
  | 'rules'
  | 'netns'
  /** Host ports, recorded or kept bound. */
  | 'ports'
  /** A directory with `resolv.conf` and `hosts`. */
  | 'files'
  /** A netns or a network that is held for a container that no longer has it. */
  | 'hold'
  /** Note of what the plugins of a network left for its containers to share. */
  | 'usage';

/** What was collected, or would be. */
export interface Collected {
  readonly removed: readonly Garbage[];
  /** What looks like it and was left alone, each with the reason. */
  readonly kept: readonly (Garbage & { readonly failure: Failure })[];
}
