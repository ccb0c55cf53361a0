import type { AnyMachineSnapshot } from 'xstate';
import type { EffectRequest } from '../bus/requests.ts';
import type { RecordLine } from '../journal/line.ts';
import { digests, type Digests } from '../journal/memory.ts';
import { texts, type Texts } from '../journal/text.ts';

/** What an event made of an actor. */
export interface Made {
  /** What it remembered when that was last written down; `undefined` when it never was. */
  readonly known: Readonly<Record<string, unknown>> | undefined;
  readonly after: AnyMachineSnapshot;
  readonly requests: readonly EffectRequest[];
}

/** What writes down, with what it keeps, for all actors of a replay. */
export interface Writers {
  readonly texts: Texts;
  readonly memories: Digests;
}

/** @param references what stands for an object that is a part */
export function writersOf(references: ReadonlyMap<object, string>): Writers {
  const text = texts(references);
  return { texts: text, memories: digests(text.of) };
}

/**
 * Whether a record says, to the letter, what came about. If it does not, it may mean the same.
 *
 * Reads on from the requests, over what is another's to give: ids and times.
 *
 * @returns `memory` when it says as well what is remembered
 */
export function isWritten(
  { texts: text, memories }: Writers,
  line: RecordLine,
  made: Made
): boolean | 'memory' {
  if (line.pieces === undefined || made.after.status === 'error') return false;
  let at = endOfRequests(line.text, line.pieces.requests, made.requests, text);
  at = behind(line.text, ',"value":', at);
  if (at !== -1) at = text.at(line.text, at, made.after.value);
  at = behind(line.text, ',"causation":', at);
  if (at === -1) return false;
  const prev = line.text.indexOf(PREV, at) + PREV.length;
  const end = line.text.indexOf('"', prev);
  if (prev < at || end > prev + HASH_MAX) return false;
  line.follows(line.text.slice(prev, end));
  const memory = behind(line.text, ',"memory":', end + 1);
  if (memory === -1) return true;
  const now = memories.of(made.known, contextOf(made.after));
  return text.at(line.text, memory, now) === -1 ? false : 'memory';
}

export function contextOf({ context }: AnyMachineSnapshot): Readonly<Record<string, unknown>> {
  return context as Readonly<Record<string, unknown>>;
}

const PREV = ',"prev":"';
/** None stands in the first of a life. */
const HASH_MAX = 32;

function endOfRequests(
  line: string,
  from: number,
  requests: readonly EffectRequest[],
  text: Texts
): number {
  if (requests.length === 0) return behind(line, '[]', from);
  let at = from + 1;
  for (const request of requests) {
    const body = line.indexOf(REQUEST, at) + REQUEST.length;
    if (body - at > HEAD_MAX) return -1;
    const end = behind(line, ',"askedAt":', text.at(line, body, request));
    at = end === -1 ? 0 : line.indexOf('}', end) + 2;
    if (at < 2) return -1;
  }
  return line[at - 1] === ']' ? at : -1;
}

const REQUEST = ',"request":';
/** Most that stands before a request, its id. */
const HEAD_MAX = 64;

/** @returns the offset behind a word that stands at an offset, or -1 */
function behind(line: string, word: string, at: number): number {
  return at !== -1 && line.startsWith(word, at) ? at + word.length : -1;
}
