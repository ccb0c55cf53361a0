import type { Bus } from '../bus/bus.ts';
import type { Effects } from '../effects/effects.ts';
import type { Span } from '../model/span.ts';
import type { Store } from '../store/store.ts';
import type { Lane } from './lanes.ts';
import type { Machines } from './machines.ts';

/** What every actor of a process works with. */
export interface Runtime {
  readonly store: Store;
  readonly bus: Bus;
  readonly effects: Effects;
  readonly machines: Machines;
  readonly pluginLane: Lane;
  /** Ends what a dead process left running for an operation; resolves when none is left. */
  readonly settleOrphans: SettleOrphans;
  /** How long to wait for a lease that another process holds. */
  readonly lockTimeoutMs: number;
  /** Aborted when the process stops waiting for anything. */
  readonly shutdown: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** An id that nothing had before, `[A-Za-z0-9_-]{21}`. */
  readonly newId: () => string;
  readonly log: Log;
  /** Keeps what effects run and wait for; absent: that is not recorded. */
  readonly spans?: SpanLog;
}

export interface SpanLog {
  begin(operation: string): void;
  note(operation: string, span: Span): void;
  take(operation: string): readonly Span[];
}

export type SettleOrphans = (
  operation: string,
  options: { readonly mode: 'kill' | 'wait'; readonly signal: AbortSignal }
) => Promise<void>;

/** The part of pino's interface that actors use. */
export interface Log {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
