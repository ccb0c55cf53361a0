import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Span } from '../model/span.ts';
import type { JournalRecord, Outstanding } from '../store/store.ts';
import { CNI_FIELDS, FIELDS_OF_NAMES, FOREIGN_FIELDS, OUR_WORDS, PLUGIN_TYPES } from './words.ts';
import { stands } from './stand-ins.ts';

/** Puts stand-ins in place of what a journal tells of its host; equal things stay equal. */
export interface Redaction {
  record(record: Unsealed): Unsealed;
  requests(requests: readonly Outstanding[]): readonly Outstanding[];
  snapshot(snapshot: Json): Json;
}

export type Unsealed = Omit<JournalRecord, 'hash'>;

/** The field that a value is in, and whether what is in it was written by somebody else. */
interface Place {
  readonly field: string;
  readonly foreign: boolean;
}

/**
 * Redaction for one file.
 *
 * What is kept is on a list: the words that charts and plugins go by, numbers, the ids of requests.
 * Every other text is replaced, the same one always by the same stand-in, so that the journal
 * replays as it did. Times keep their distances and begin in the year 2000.
 */
export function redaction(): Redaction {
  const standIns = stands();
  let shiftMs: number | undefined;

  return {
    record(record) {
      const { host, boot, key, time, event } = record;
      const slash = key.indexOf('/');
      return {
        ...record,
        time: shifted(time),
        host: standIns.name('host', host),
        boot: standIns.name('boot', boot),
        key: `${key.slice(0, slash)}/${standIns.name('container', key.slice(slash + 1))}`,
        event: replacedIn(event),
        requests: requestsOf(record.requests),
        ...(record.spans && { spans: record.spans.map(spanOf) })
      };
    },
    requests: requestsOf,
    snapshot: (snapshot) => replaced(snapshot, { field: 'snapshot', foreign: false })
  };

  function requestsOf(requests: readonly Outstanding[]): readonly Outstanding[] {
    return requests.map((outstanding) => ({
      ...outstanding,
      request: replacedIn(outstanding.request),
      askedAt: shifted(outstanding.askedAt)
    }));
  }

  // Of what programs were given and said, only how much it was.
  function spanOf(span: Span): Span {
    const begunAt = shifted(span.begunAt);
    if (span.kind === 'wait') return { ...span, begunAt };
    const { program, command, stdin, stdout, stderr } = span;
    return {
      ...span,
      begunAt,
      program: PLUGIN_TYPES.has(program) ? program : standIns.name('program', program),
      command: VERBS.has(command) ? command : standIns.name('command', command),
      stdin: { ...stdin, text: '' },
      stdout: { ...stdout, text: '' },
      stderr: { ...stderr, text: '' }
    };
  }

  // An event or a request is JSON, and comes out with the same fields.
  function replacedIn<Message extends object>(message: Message): Message {
    return replaced(message as unknown as Json, {
      field: '',
      foreign: false
    }) as unknown as Message;
  }

  function replaced(value: Json, place: Place): Json {
    if (typeof value === 'string') return textFor(value, place);
    if (Array.isArray(value))
      return (value as readonly Json[]).map((item) => replaced(item, place));
    return isJsonObject(value) ? objectFor(value, place) : value;
  }

  function objectFor(object: JsonObject, { field, foreign }: Place): JsonObject {
    // In a state value there are only names of states.
    if (field === 'value' && !foreign) return object;
    const isForeign = foreign || FOREIGN_FIELDS.has(field);
    const fields = Object.entries(object).map(([name, value]) => [
      isForeign && !CNI_FIELDS.has(name) ? standIns.name('field', name) : name,
      replaced(value, { field: name, foreign: isForeign })
    ]);
    return Object.fromEntries(fields) as JsonObject;
  }

  function textFor(text: string, { field, foreign }: Place): string {
    if (text === '' || isWord(text, field, foreign)) return text;
    return standIns.address(text) ?? standIns.name(FIELDS_OF_NAMES[field] ?? kindOf(text), text);
  }

  function shifted(time: number): number {
    shiftMs ??= EPOCH_MS - time;
    return time + shiftMs;
  }
}

const VERBS: ReadonlySet<string> = new Set(['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION']);
const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const EPOCH_MS = Date.UTC(2000, 0, 1);

function isWord(text: string, field: string, foreign: boolean): boolean {
  if (field === 'cniVersion' || field === 'cniVersions') return /^\d\.\d\.\d$/.test(text);
  // Of a port mapping the chart writes the protocol among what plugins are given.
  if (foreign && field === 'protocol') return PROTOCOLS.has(text);
  if (foreign) return field === 'type' && PLUGIN_TYPES.has(text);
  return OUR_WORDS.has(field);
}

function kindOf(text: string): string {
  return text.startsWith('/') ? '/path' : 'text';
}
