import type { ListenOptions, NetConnectOpts } from 'node:net';

/** A relay in front of a server; see `link.mjs`. */
export interface Link {
  slow(ms: number): void;
  close(): Promise<void>;
}

export function startLink(at: ListenOptions, server: NetConnectOpts): Promise<Link>;
