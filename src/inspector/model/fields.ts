import { isCommand } from '../../bus/events.ts';
import type { Field, FieldsOf } from './query.ts';
import { failureIn, idOf, kindOf, type Recorded } from './records.ts';
import { stateText } from './steps.ts';

/** How a record is looked at by a query. */
export function fieldsOf(record: Recorded): FieldsOf {
  return (field) => FIELD[field](record);
}

const FIELD: Readonly<Record<Field, (record: Recorded) => readonly (string | number)[]>> = {
  key: ({ key }) => [key],
  kind: ({ key }) => [kindOf(key)],
  id: ({ key }) => [idOf(key)],
  type: ({ event }) => [event.type],
  state: ({ value }) => [stateText(value)],
  code: (record) => [failureIn(record)?.code ?? ''],
  asks: ({ requests }) => requests.map(({ request }) => request.type),
  program: ({ spans = [] }) => spans.flatMap((span) => (span.kind === 'run' ? [span.program] : [])),
  took: ({ spans = [] }) => spans.map(({ tookMs }) => tookMs),
  correlation: ({ correlation }) => [correlation],
  machine: ({ machine }) => [machine],
  is: natureOf
};

/** The words that `is:` knows of a record. */
export function natureOf(record: Recorded): readonly string[] {
  return [
    isCommand(record.event) ? 'command' : 'fact',
    ...(failureIn(record) === undefined ? [] : ['failed']),
    ...((record.spans ?? []).some(({ kind }) => kind === 'wait') ? ['wait'] : [])
  ];
}
