import type { Candidate } from '../../../machines/candidates.ts';
import type { Recorded } from '../../model/records.ts';
import type { Sequence } from '../../model/sequence.ts';
import type { Step } from '../../model/steps.ts';
import type { Lane } from '../../model/timeline.ts';
import type { ActorRow } from '../../server/actors.ts';

/** A record, by what no other has. */
export interface Ref {
  readonly key: string;
  readonly seq: number;
  /** Milliseconds since the epoch: lives of one actor number their records anew. */
  readonly time: number;
}

/** What is known so far; told again whenever it has changed. */
export interface Counts {
  readonly records: number;
  readonly actors: number;
  /** Records that could not be read, and the reason of the first. */
  readonly bad: number;
  readonly reason: string | null;
  /** Milliseconds since the epoch; 0 while there are none. */
  readonly first: number;
  readonly last: number;
  /** Grows with every change. */
  readonly version: number;
}

export interface ActorQuery {
  readonly query: string;
  /** Moment that is looked at; `null`: now. */
  readonly at: Ref | null;
  readonly sort: ActorSort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export type ActorSort = 'name' | 'state' | 'since' | 'kind';

export interface ActorLine {
  readonly key: string;
  readonly state: string;
  /** By the tags of its chart. */
  readonly mood: 'rest' | 'busy' | 'amiss' | 'gone';
  readonly since: number;
  readonly seq: number;
  readonly failure: string | null;
  readonly drifts: number;
  /** The host has booted since it was recorded. */
  readonly stale: boolean;
}

export interface ActorPage {
  readonly total: number;
  /** Place of the first line. */
  readonly offset: number;
  readonly lines: readonly ActorLine[];
  /** Of those that are found, how many are in each state, the most first. */
  readonly states: readonly (readonly [state: string, count: number])[];
}

export interface LogQuery {
  readonly query: string;
  readonly scope: Scope;
  readonly offset: number;
  readonly limit: number;
}

export interface LogLine {
  readonly ref: Ref;
  readonly type: string;
  readonly state: string;
  readonly code: string;
  readonly command: boolean;
  readonly failed: boolean;
  readonly waited: boolean;
  readonly asks: string;
}

export interface LogPage {
  readonly total: number;
  /** Place of the first line. */
  readonly offset: number;
  readonly lines: readonly LogLine[];
  /** Part of the text that was searched, 0 to 1; 1 when that is all. */
  readonly done: number;
}

/** A record with all that can be told of it. */
export interface Detail {
  readonly record: Recorded;
  readonly step: Step | null;
  /** What was tried for the event: every transition, and what guards said. */
  readonly candidates: readonly Candidate[];
  /** The record that asked for what it answers. */
  readonly cause: Ref | null;
}

/** The life of one actor, for its chart. */
export interface LifeLine {
  readonly ref: Ref;
  readonly type: string;
  readonly failed: boolean;
  readonly value: Step['after'];
  readonly taken: readonly string[];
  readonly diverged: string | null;
}

/** A place in the order of all records that are looked at. */
export interface Moment {
  readonly ref: Ref | null;
  /** From 0; -1 before the first. */
  readonly position: number;
  readonly total: number;
}

/**
 * Which records are looked at: those of an actor, and those of others that followed from the same
 * commands; `null`: all.
 */
export type Scope = string | null;

/** Counts of records by time, for a picture of where they are. */
export interface Histogram {
  readonly counts: readonly number[];
  readonly failures: readonly number[];
}

export interface Opened {
  readonly records: number;
  readonly bad: number;
  readonly reason: string | null;
  /** A recording has charts and what the kernel held. */
  readonly extras: readonly unknown[];
}

/** What the worker does. Each is asked for by a message and answered by one. */
export interface LibraryMethods {
  /** Where actors rest, as they are listed; in place of what was listed before. */
  list(actors: readonly ActorRow[]): void;
  /** Lines of records, as text; what is there already is not taken again. */
  add(text: string): void;
  /** A journal or a recording, zipped or not. */
  open(file: Blob): Promise<Opened>;
  clear(): void;
  counts(): Counts;
  actors(query: ActorQuery): ActorPage;
  log(query: LogQuery): Promise<LogPage>;
  /** Where a record stands among those that are found; -1 when it is not. */
  find(query: LogQuery, ref: Ref): Promise<number>;
  detail(ref: Ref): Promise<Detail | null>;
  /** What an event would do after a record. */
  whatIf(ref: Ref, event: string): Promise<readonly Candidate[]>;
  life(key: string, at: Ref | null): Promise<readonly LifeLine[]>;
  timeline(scope: Scope): Promise<readonly Lane[]>;
  sequence(scope: Scope, correlation: string | null): Promise<Sequence>;
  /** Actors that have to do with one: by the commands they share. */
  related(key: string): readonly string[];
  /** The last record of an actor up to a moment; `null` before its first. */
  lastOf(key: string, at: Ref | null): Ref | null;
  moment(ref: Ref | null, scope: Scope): Moment;
  momentAt(position: number, scope: Scope): Moment;
  /** The first, next or last record, or the next that failed. */
  move(from: Ref | null, to: Move, scope: Scope): Moment;
  histogram(scope: Scope, buckets: number): Histogram;
  /** Records as lines, for a recording. */
  lines(scope: Scope): Promise<Blob>;
  test(ref: Ref): Promise<string>;
}

export type Move = 'first' | 'previous' | 'next' | 'last' | 'failure' | 'previousFailure';

export type Method = keyof LibraryMethods;

export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly counts: Counts };
