import { KINDS } from '../actors/machines.ts';
import { keyFrom } from '../journal/import.ts';
import { recordLines } from '../journal/lines.ts';
import { MooringError } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { StoredRecord } from '../store/store.ts';
import { literals, quoted, type Literals } from './literal.ts';
import { eventText, stateText } from './report.ts';
import { sourceOf, type JournalInput } from './replay.ts';

/**
 * A journal as a vitest test that needs nothing but `mooring/testing`: each event, the state it
 * must lead to, and what must be asked for.
 *
 * @throws MooringError as `replay`, and `journal.noBegin` when the records begin in the middle of a life
 */
export function toTest(input: JournalInput): string {
  const source = sourceOf(input);
  const lives = new Map<string, StoredRecord[]>();
  for (const line of recordLines(source)) {
    const name = `${line.key} ${line.life}`;
    const life = lives.get(name) ?? [];
    if (life.length === 0 && line.seq > 1) throw noBegin(line.key, line.seq);
    life.push(line.record());
    lives.set(name, life);
  }
  const text = literals([...lives.values()].flatMap((life) => life.flatMap(valuesIn)));
  const cases = [...lives.values()].map((life) => testOf(life[0]!.key, life, text));
  return [
    '// Written by `mooring replay --to-test` from a journal. It is yours to change.',
    "import { expect, it } from 'vitest';",
    "import { actorOf } from 'mooring/testing';",
    '',
    ...spaced(text.declarations()),
    cases.join('\n\n'),
    ''
  ].join('\n');
}

function valuesIn({ event, requests }: StoredRecord): readonly Json[] {
  return [json(event), ...requests.map(({ request }) => json(request))];
}

function testOf(key: string, life: readonly StoredRecord[], text: Literals): string {
  const { kind, id } = keyFrom(key, KINDS);
  const steps = life.map((record) => stepOf(record, text).join('\n'));
  return [
    `it(${quoted(titleOf(kind, id, life))}, () => {`,
    `  const actor = actorOf(${quoted(kind)}, ${quoted(id)});`,
    '  let asked;',
    '',
    steps.join('\n\n'),
    '});'
  ].join('\n');
}

function stepOf({ seq, event, requests, value }: StoredRecord, text: Literals): readonly string[] {
  const asked = requests.map(({ request }) => json(request));
  const sent = text.text(json(event), { indent: 2, lead: ASKED.length + 14, tail: 2 });
  const wanted = text.text(asked, { indent: 2, lead: EXPECTED.length, tail: 2 });
  return [
    `  // ${seq}. ${eventText(event)}`,
    `${ASKED}actor.send(${sent});`,
    `${EXPECTED}${wanted});`,
    `  expect(actor.state).toBe(${quoted(stateText(value))});`
  ];
}

const ASKED = '  asked = ';
const EXPECTED = '  expect(asked).toEqual(';

/** `container web: container.up, then attachment.addFailed back (cni.11), ends in failed` */
function titleOf(kind: string, id: string, life: readonly StoredRecord[]): string {
  const [first] = life;
  const refused = life.find(({ event }) => 'failure' in event || 'failures' in event);
  const end = stateText(life.at(-1)!.value);
  const words = [eventText(first!.event), ...(refused ? [`then ${eventText(refused.event)}`] : [])];
  return `${kind} ${id}: ${words.join(', ')}, ends in ${end}`;
}

function spaced(declarations: readonly string[]): readonly string[] {
  return declarations.flatMap((declaration) => [declaration, '']);
}

function noBegin(key: string, seq: number): MooringError {
  return new MooringError(
    'journal.noBegin',
    `the records of ${key} begin with ${seq}: what led there is lost, so no test can be made of them`
  );
}

// An event or a request is JSON.
function json(message: object): Json {
  return message as unknown as Json;
}
