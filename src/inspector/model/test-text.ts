import { MooringError } from '../../model/failure.ts';
import { idOf, kindOf, type Machines, type Recorded } from './records.ts';
import { stateText } from './steps.ts';

/**
 * A vitest file that takes one actor to the moment after a record, and expects it there.
 *
 * It passes as long as the chart does what it did; change what is expected and it fails until the
 * chart is changed.
 *
 * @param records of one actor from its first on
 * @throws MooringError `inspector.notFound` when the beginning or the record is not there
 */
export function testText(records: readonly Recorded[], seq: number, machines: Machines): string {
  const upTo = records.filter((record) => record.seq <= seq);
  const last = upTo.at(-1);
  if (last?.seq !== seq || upTo[0]?.seq !== 1) {
    throw new MooringError('inspector.notFound', `the records 1 to ${seq} are not all there`);
  }
  const kind = kindOf(last.key);
  if (!Object.hasOwn(machines, kind)) {
    throw new MooringError('inspector.notFound', `this version has no chart named ${kind}`);
  }
  const title = `${last.key} is in ${stateText(last.value)} after ${last.event.type}`;
  const asked = last.requests.map(({ request }) => request.type);
  return `// Made from record ${seq} of ${commented(last.key)}, written by ${commented(last.machine)}.
import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import { MACHINES } from 'mooring/testing';

it(${literal(title)}, () => {
  const { machine, input } = MACHINES[${literal(kind)}];
  const actor = createActor(machine, { input: input(${literal(idOf(last.key))}) });
  let asked = [];
  actor.on('*', (request) => asked.push(request.type));
  actor.start();

  for (const event of events) {
    asked = [];
    actor.send(event);
  }

  expect(actor.getSnapshot().value).toEqual(${literal(last.value)});
  expect(asked).toEqual(${literal(asked)});
});

const events = [
${upTo.map(({ event }) => `  ${literal(event)}`).join(',\n')}
];
`;
}

/** JSON that is JavaScript too, whatever is in it. */
function literal(value: unknown): string {
  const text = JSON.stringify(value).replace(/[\u2028\u2029]/g, (character) =>
    character === '\u2028' ? '\\u2028' : '\\u2029'
  );
  // As a computed name it is a field like any other; as a literal one it would set the prototype.
  return text.replaceAll('"__proto__":', '["__proto__"]:');
}

/** Fit for the line of a comment. */
function commented(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
