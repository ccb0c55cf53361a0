import type { Netns, PortMapping } from '../../model/container.ts';
import type { PastaOptions } from '../../model/pasta-options.ts';
import type { Uplink } from '../uplink.ts';

/** What one pasta is started for. */
export interface PastaStart {
  /** Verified just before the start. */
  readonly netns: Netns;
  readonly options: PastaOptions;
  /** Published by pasta itself, which keeps the client's address; fixed as long as it runs. */
  readonly ports: readonly PortMapping[];
  /** A directory that is ours alone, for a file that is there during the start only. */
  readonly runDir: string;
  /** Besides a minimal `PATH`: a mark by which the process is found when it was never recorded. */
  readonly env: Readonly<Record<string, string>>;
  /** From the start until it is ready, or is given up and killed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Starts a pasta and waits until it is ready: interface, addresses and routes are there, and the ports are bound.
 *
 * Failures: `pasta.notFound`, `pasta.notSupported` (an option that this build lacks), `port.inUse`,
 * `port.notForwarded` for SCTP, `pasta.noRoute` when the host has no default route, `pasta.failed` with what it
 * said, `pasta.timedOut`, `netns.gone`, `netns.replaced`. Nothing is left of it then.
 *
 * @throws MooringError
 */
export type StartPasta = (start: PastaStart) => Promise<Uplink>;

/** What was found out about the binary; by path, time and size of the file, so it is asked once. */
export interface PastaBinary {
  /** Absolute path. */
  readonly path: string;
  /** First line of `--version`; distributions' builds may not know their version. */
  readonly version: string;
  /** Long options that `--help` names, `--map-guest-addr`. */
  readonly options: ReadonlySet<string>;
}
