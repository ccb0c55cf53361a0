import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Json } from '../model/json.ts';
import type { Memory } from '../store/store.ts';
import type { Difference } from './compare.ts';
import type { Answer, Candidate } from './guards.ts';
import type { Place } from './source.ts';

/** What is not as it was recorded; the first of these that applies names the divergence. */
export type DivergenceKind =
  /** A guard or an action threw. */
  | 'failed'
  /** The chart has no answer to a command that was taken. */
  | 'ignored'
  | 'state'
  | 'requests'
  /** Where it stands and what it asks are the same; what it remembers is not. */
  | 'memory';

/** The first event after which an actor is not where it was recorded. */
export interface Divergence {
  readonly kind: DivergenceKind;
  /** `container/web` */
  readonly key: string;
  readonly seq: number;
  /** Line of the file, from 1. */
  readonly line: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly event: MooringEvent;
  /** State before the event, which is as recorded. */
  readonly before: Json;
  readonly recorded: Outcome;
  readonly current: Outcome;
  /** Empty unless the requests differ. */
  readonly requests: readonly RequestDifference[];
  /** Empty unless what is remembered differs. */
  readonly memory: readonly MemoryDifference[];
  /** The guards that the current code asked, with what they looked at, in order. */
  readonly guards: readonly Located<Answer>[];
  /** The transitions that the current code took. */
  readonly taken: readonly Located<Candidate>[];
  /** What a guard or an action threw, in one line. */
  readonly thrown?: string;
}

/** With its place in the source, where that is known. */
export type Located<Item> = Item & { readonly place?: Place };

export interface Outcome {
  /** `container@1.3f9a….77aa…` */
  readonly machine: string;
  readonly state: Json;
  readonly requests: readonly EffectRequest[];
}

export type RequestDifference =
  /** Was asked, and is not any more. */
  | { readonly kind: 'missing'; readonly at: number; readonly recorded: EffectRequest }
  /** Is asked, and was not. */
  | { readonly kind: 'extra'; readonly at: number; readonly current: EffectRequest }
  /** Is asked in another place. */
  | {
      readonly kind: 'moved';
      readonly at: number;
      readonly from: number;
      readonly recorded: EffectRequest;
    }
  | {
      readonly kind: 'changed';
      readonly at: number;
      readonly recorded: EffectRequest;
      readonly current: EffectRequest;
      readonly fields: readonly Difference[];
    };

export interface MemoryDifference {
  /** `turns` */
  readonly field: string;
  /** Digest of what it was; `undefined`: it did not change there. */
  readonly recorded: Memory[string] | undefined;
  readonly current: Json | undefined;
}
