import type { Field, FieldsOf } from '../../model/query.ts';
import { idOf, kindOf } from '../../model/records.ts';
import { COMMAND, FAILED, WAITED, type Columns, type Words } from './columns.ts';

interface Table {
  readonly columns: Columns;
  readonly words: Words;
}

/** How a row is looked at by a query: as a record is, without its text being read. */
export function fieldOfRow(table: Table, row: number): FieldsOf {
  return (field) => FIELD[field](table, row);
}

type Read = (table: Table, row: number) => readonly (string | number)[];

const FIELD: Readonly<Record<Field, Read>> = {
  key: word('key'),
  kind: (table, row) => [kindOf(textIn(table, 'key', row))],
  id: (table, row) => [idOf(textIn(table, 'key', row))],
  type: word('type'),
  state: word('state'),
  code: word('code'),
  asks: list('asks'),
  program: list('programs'),
  took: ({ columns }, row) => [columns.took[row]!],
  correlation: word('correlation'),
  machine: word('machine'),
  is: ({ columns }, row) => naturesOf(columns.flags[row]!)
};

function naturesOf(flags: number): readonly string[] {
  return [
    flags & COMMAND ? 'command' : 'fact',
    ...(flags & FAILED ? ['failed'] : []),
    ...(flags & WAITED ? ['wait'] : [])
  ];
}

type WordColumn =
  'key' | 'type' | 'state' | 'code' | 'asks' | 'programs' | 'correlation' | 'machine';

function textIn({ columns, words }: Table, name: WordColumn, row: number): string {
  return words.text(columns[name][row]!);
}

function word(name: WordColumn): Read {
  return (table, row) => [textIn(table, name, row)];
}

function list(name: WordColumn): Read {
  return (table, row) => {
    const text = textIn(table, name, row);
    return text === '' ? [] : text.split(',');
  };
}
