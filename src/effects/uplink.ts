import type { Failure } from '../model/failure.ts';
import type { ProcessId } from './process/proc.ts';

/**
 * A program that connects a netns to the host's network: slirp4netns or pasta.
 *
 * It is a child of this process and ends with it, whatever ends this process.
 */
export interface Uplink {
  readonly process: ProcessId;
  /** Resolves once it has ended, also when {@link stop} ended it; never rejects. */
  readonly ended: Promise<UplinkEnd>;
  /**
   * Ends it, and resolves when it is gone and its ports are free. More calls do no harm.
   *
   * @throws MooringError `process.stuck`
   */
  stop(): Promise<void>;
}

export interface UplinkEnd {
  /** Whether {@link Uplink.stop} was called before. */
  readonly wanted: boolean;
  /** `slirp.lost` or `pasta.lost`: how it ended, with the last that it said. */
  readonly failure: Failure;
}
