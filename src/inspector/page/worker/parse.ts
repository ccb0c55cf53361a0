import { isCommand } from '../../../bus/events.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { failureIn, type Recorded } from '../../model/records.ts';
import { stateText } from '../../model/steps.ts';
import { COMMAND, FAILED, WAITED, type Row, type Words } from './columns.ts';
import { BadFile } from './lines.ts';
import type { TextPlace } from './pieces.ts';

/** What a line of a journal or a recording is. */
export type Line =
  | { readonly kind: 'record'; readonly record: Recorded; readonly parts: JsonObject | undefined }
  /** Of a recording: its charts, what the kernel held. Of a journal file: its first and last line. */
  | { readonly kind: 'extra'; readonly value: JsonObject };

/** Nested deeper than anything that we write; what walks through it would run out of stack. */
const DEPTH_MAX = 512;

/** @throws BadFile saying what is wrong with it */
export function lineOf(text: string): Line {
  if (text.length > DEPTH_MAX * 4 && depthOf(text) > DEPTH_MAX)
    throw new BadFile('it is nested too deeply');
  const value = parsed(text);
  if (!isJsonObject(value)) throw new BadFile('it is not an object');
  if (!('event' in value) || !('key' in value)) return { kind: 'extra', value };
  const { v, key, seq, time, event, requests, value: state, parts } = value;
  if (v !== 1) throw new BadFile(`format ${JSON.stringify(v)} is not known`);
  if (typeof key !== 'string' || !key.includes('/')) throw new BadFile('it has no key');
  if (!Number.isSafeInteger(seq) || typeof time !== 'number')
    throw new BadFile('it has no number or time');
  if (!isJsonObject(event) || typeof event['type'] !== 'string')
    throw new BadFile('it has no event');
  if (!Array.isArray(requests) || !requests.every(isRequest))
    throw new BadFile('its requests are none');
  if (state === undefined) throw new BadFile('it has no state');
  const record = { ...value, ...soundParts(value) } as unknown as Recorded;
  return { kind: 'record', record, parts: isJsonObject(parts) ? parts : undefined };
}

/** What a record says beside the event, with nothing in it that is not of its kind. */
function soundParts({ causation, correlation, machine, token, spans }: JsonObject): object {
  return {
    causation: typeof causation === 'string' ? causation : null,
    correlation: typeof correlation === 'string' ? correlation : '',
    machine: typeof machine === 'string' ? machine : '',
    token: typeof token === 'number' ? token : 0,
    spans: Array.isArray(spans) ? spans.filter(isSpan) : []
  };
}

function isSpan(span: unknown): boolean {
  if (!isJsonObject(span)) return false;
  const { kind, begunAt, tookMs } = span;
  if (typeof begunAt !== 'number' || typeof tookMs !== 'number') return false;
  if (kind === 'wait') return typeof span['on'] === 'string';
  if (kind !== 'run' || typeof span['program'] !== 'string') return false;
  return (
    typeof span['command'] === 'string' &&
    ['stdin', 'stdout', 'stderr'].every((name) => isExcerpt(span[name]))
  );
}

function isExcerpt(excerpt: unknown): boolean {
  return (
    isJsonObject(excerpt) &&
    typeof excerpt['text'] === 'string' &&
    typeof excerpt['length'] === 'number'
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BadFile('it is no JSON');
  }
}

function isRequest(outstanding: unknown): boolean {
  if (!isJsonObject(outstanding)) return false;
  const { id, request } = outstanding;
  return typeof id === 'string' && isJsonObject(request) && typeof request['type'] === 'string';
}

function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return deepest;
}

/** A record as a row of the table. */
export function rowOf(record: Recorded, place: TextPlace, words: Words): Row {
  const { key, seq, time, event, value, requests, correlation, machine, spans = [] } = record;
  const failure = failureIn(record);
  const programs = spans.flatMap((span) => (span.kind === 'run' ? [span.program] : []));
  const flags =
    (failure === undefined ? 0 : FAILED) |
    (isCommand(event) ? COMMAND : 0) |
    (spans.some(({ kind }) => kind === 'wait') ? WAITED : 0);
  return {
    ...{ time, seq, flags, ...place },
    key: words.of(key),
    type: words.of(event.type),
    state: words.of(stateText(value)),
    code: words.of(failure?.code ?? ''),
    asks: words.of([...new Set(requests.map(({ request }) => request.type))].join(',')),
    programs: words.of([...new Set(programs)].join(',')),
    correlation: words.of(correlation),
    machine: words.of(machine),
    took: Math.max(0, ...spans.map(({ tookMs }) => tookMs))
  };
}

/** Puts back what a journal file has a reference for in its place. It changes the value. */
export function restoreParts(
  value: unknown,
  partOf: (reference: string) => Json | undefined
): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) restoreParts(item, partOf);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [name, held] of Object.entries(object)) {
    if (name === 'conflist' && typeof held === 'string') object[name] = partOf(held) ?? held;
    else restoreParts(held, partOf);
  }
}
