import type { Netns } from '../../model/container.ts';
import type { SlirpForward } from '../../model/slirp-forward.ts';
import type { SlirpOptions } from '../../model/slirp-options.ts';
import type { Uplink } from '../uplink.ts';

/** What one slirp4netns is started for. */
export interface SlirpStart {
  /** Verified just before the start; it must belong to the user namespace that we are in, or one below it. */
  readonly netns: Netns;
  readonly options: SlirpOptions;
  /**
   * Absolute path of its API socket; absent: none. The directory must be ours alone (0700). A socket that is left there
   * from an earlier one is replaced.
   */
  readonly apiSocket?: string;
  /** Besides a minimal `PATH`: a mark by which the process is found when it was never recorded. */
  readonly env: Readonly<Record<string, string>>;
  /** From the start until it is ready, or is given up and killed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Starts a slirp4netns and waits until it is ready: `tap0` is up with its address, its route and IPv6.
 *
 * Failures: `slirp.notFound`, `slirp.tooOld`, `slirp.notSupported`, `slirp.badOption`,
 * `slirp.badSocket`, `slirp.noTun`, `slirp.failed` with what it said, `slirp.timedOut`, `netns.gone`, `netns.replaced`.
 * Nothing is left of it then.
 *
 * @throws MooringError
 */
export type StartSlirp = (start: SlirpStart) => Promise<Uplink>;

/** The API socket of one slirp4netns; one request at a time, each with a deadline. */
export interface SlirpApi {
  /**
   * @returns its id
   * @throws MooringError `slirp.badForward`, `slirp.forwardFailed`, `slirp.apiTimedOut`, `slirp.apiFailed`
   */
  addForward(forward: SlirpForward): Promise<number>;
  listForwards(): Promise<readonly (SlirpForward & { readonly id: number })[]>;
  removeForward(id: number): Promise<void>;
}

/** What was found out about the binary; by path, time and size of the file, so it is asked once. */
export interface SlirpBinary {
  /** Absolute path. */
  readonly path: string;
  /** `1.2.0` */
  readonly version: string;
  /** `4.7.0` */
  readonly libslirp: string;
  readonly features: SlirpFeatures;
  /** Known faults of this version, each a line for `doctor`. */
  readonly warnings: readonly string[];
}

/** Each is whether `--help` names the option. */
export interface SlirpFeatures {
  readonly disableHostLoopback: boolean;
  readonly mtu: boolean;
  readonly enableSandbox: boolean;
  readonly enableSeccomp: boolean;
  readonly cidr: boolean;
  readonly outboundAddr: boolean;
  readonly enableIpv6: boolean;
}
