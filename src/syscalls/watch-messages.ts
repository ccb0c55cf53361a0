import type { NetnsIdentity } from './nsfs.ts';

/** What the watch thread is told; `id` is what the answer carries. */
export type WatchCommand =
  | ({ readonly op: 'addNetns'; readonly key: string; readonly path: string } & NetnsIdentity)
  | { readonly op: 'removeNetns'; readonly key: string }
  | {
      readonly op: 'addProcess';
      readonly key: string;
      readonly pid: number;
      readonly startTicks: string;
    }
  | { readonly op: 'removeProcess'; readonly key: string }
  /** The last events have been taken, so more may come. */
  | { readonly op: 'taken' }
  | { readonly op: 'end' };

export interface WatchRequest {
  readonly id: number;
  readonly command: WatchCommand;
}

export type WatchMessage = { readonly events: readonly KernelEvent[] } | WatchReply;

/** The answer to a command; `id` 0 says that the thread watches the host. */
export interface WatchReply {
  readonly id: number;
  readonly failure?: WatchFailure;
}

export interface WatchFailure {
  readonly code: string;
  readonly message: string;
}

/** Where it happened: the key of a netns, `null` for the host's. */
export type WatchedNetns = string | null;

/** The last known state of an object that has changed; several changes of one object are one. */
export type KernelEvent = NetworkEvent | FirewallEvent | LossEvent;

export type NetworkEvent =
  | {
      readonly kind: 'link';
      readonly netns: WatchedNetns;
      readonly index: number;
      /** `eth0` */
      readonly name: string;
      readonly present: boolean;
      readonly up: boolean;
    }
  | {
      readonly kind: 'address';
      readonly netns: WatchedNetns;
      readonly index: number;
      /** Of the interface; `''` when it was gone before it was known. */
      readonly name: string;
      /** CIDR, `10.88.0.5/16` */
      readonly address: string;
      readonly present: boolean;
    }
  | {
      readonly kind: 'route';
      readonly netns: WatchedNetns;
      readonly index: number;
      readonly name: string;
      /** CIDR, `0.0.0.0/0` for the default route. */
      readonly destination: string;
      readonly gateway: string;
      readonly table: number;
      readonly present: boolean;
    };

export interface FirewallEvent {
  readonly kind: 'firewall';
  readonly backend: 'nftables' | 'legacy';
  /** Programs that changed it, `iptables-restor` cut to 15 bytes; the old tables don't tell. */
  readonly by: readonly string[];
}

export type LossEvent =
  /** A watched process has ended. */
  | { readonly kind: 'exit'; readonly key: string }
  /** A watched netns is no longer at its path; it is not watched any more. */
  | { readonly kind: 'netns'; readonly netns: string; readonly reason: 'gone' | 'replaced' }
  /** Events were lost: everything there must be looked at again. */
  | {
      readonly kind: 'overrun';
      readonly netns: WatchedNetns;
      readonly of: 'network' | 'firewall';
    };
