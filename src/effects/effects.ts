import type { MooringEvent } from '../bus/events.ts';
import type { RequestOf, RequestType } from '../bus/requests.ts';

/**
 * Performs a request and says how it went.
 *
 * It does not reject: whatever goes wrong becomes a fact, so that the machine
 * can unwind. It may be called again for the same request after a crash, when
 * the request's traits allow it.
 */
export type Effect<Type extends RequestType> = (
  request: RequestOf<Type>,
  context: EffectContext
) => Promise<MooringEvent>;

export interface EffectContext {
  /** Id of the request, `[A-Za-z0-9_-]{21}`. Processes started for it carry it as `MOORING_OPERATION`. */
  readonly operation: string;
  /** When the request was committed, milliseconds since the epoch. */
  readonly askedAt: number;
  /** Command that the request follows from. */
  readonly correlation: string;
  /** Whether it was begun before by a process that died at it. */
  readonly repeated: boolean;
  /** Aborted when the lease is lost or the process ends: stop, and leave no child behind. */
  readonly signal: AbortSignal;
}

/** One handler for every request: leaving one out does not compile. */
export type Effects = { readonly [Type in RequestType]: Effect<Type> };
