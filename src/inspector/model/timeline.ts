import type { Span } from '../../model/span.ts';
import { byKey, failureIn, type Recorded } from './records.ts';
import { stateText } from './steps.ts';

/** What one actor went through: its states, and within them what was done for it. */
export interface Lane {
  /** `container/web` */
  readonly key: string;
  readonly states: readonly StateSpan[];
  readonly effects: readonly EffectSpan[];
  /** For its lease; what a request waited for is in its effect. */
  readonly waits: readonly Span[];
}

/** Times in milliseconds since the epoch; `null`: it goes on. */
export interface StateSpan {
  readonly state: string;
  readonly from: number;
  readonly to: number | null;
  /** Of the record that it began with. */
  readonly seq: number;
}

export interface EffectSpan {
  /** Id of the request. */
  readonly id: string;
  readonly type: string;
  /** What it is about besides its actor: a network, a timer. */
  readonly subject: string;
  readonly from: number;
  readonly to: number | null;
  readonly outcome: 'done' | 'failed' | 'open';
  readonly failure?: { readonly code: string; readonly message: string };
  /** How often it was asked for since the command, this time included. */
  readonly attempt: number;
  /** Fencing token under which it was asked for. */
  readonly token: number;
  /** It was answered under another lease: its process had died at it. */
  readonly recovered: boolean;
  /** Programs that were run and waits, oldest first. */
  readonly spans: readonly Span[];
  /** Records that asked for it and that answered it. */
  readonly seq: number;
  readonly answerSeq: number | null;
}

/** @param records of any number of actors, those of one in their order */
export function timelineOf(records: readonly Recorded[]): readonly Lane[] {
  return [...byKey(records)].map(([key, own]) => laneOf(key, own));
}

function laneOf(key: string, records: readonly Recorded[]): Lane {
  return {
    key,
    states: statesOf(records),
    effects: effectsOf(records),
    waits: records.flatMap(({ spans = [] }) => spans.filter(isLeaseWait))
  };
}

function isLeaseWait(span: Span): boolean {
  return span.kind === 'wait' && span.on === 'lease';
}

function statesOf(records: readonly Recorded[]): readonly StateSpan[] {
  const states: StateSpan[] = [];
  for (const { seq, time, value } of records) {
    const state = stateText(value);
    const last = states.at(-1);
    // A life that begins anew ends the one before, whatever it rested in.
    if (last?.state === state && seq > 1) continue;
    if (last !== undefined) states[states.length - 1] = { ...last, to: time };
    states.push({ state, from: time, to: null, seq });
  }
  return states;
}

function effectsOf(records: readonly Recorded[]): readonly EffectSpan[] {
  const effects = new Map<string, EffectSpan>();
  const attempts = new Map<string, number>();
  for (const record of records) {
    const { causation, token, time, seq } = record;
    const asked = causation === null ? undefined : effects.get(causation);
    if (asked !== undefined && asked.to === null) {
      const failure = failureIn(record);
      effects.set(asked.id, {
        ...asked,
        ...{ to: time, answerSeq: seq, recovered: token !== asked.token },
        outcome: failure === undefined ? 'done' : 'failed',
        ...(failure && { failure }),
        spans: (record.spans ?? []).filter((span) => !isLeaseWait(span))
      });
    }
    for (const { id, request, askedAt, correlation } of record.requests) {
      const subject = subjectOf(request);
      const same = `${correlation} ${request.type} ${subject}`;
      const attempt = (attempts.get(same) ?? 0) + 1;
      attempts.set(same, attempt);
      effects.set(id, {
        ...{ id, type: request.type, subject, from: askedAt, to: null, outcome: 'open' },
        ...{ attempt, token, recovered: false, spans: [], seq, answerSeq: null }
      });
    }
  }
  return [...effects.values()];
}

/** What a request names besides its actor. */
export function subjectOf(request: object): string {
  const payload = request as Readonly<Record<string, unknown>>;
  const { attachment, network, timer } = payload;
  if (typeof attachment === 'object' && attachment !== null && 'network' in attachment) {
    return String(attachment.network);
  }
  const named = network ?? timer;
  return typeof named === 'string' ? named : '';
}
