import { MooringError } from '../../model/failure.ts';

/**
 * What to look for, as it is typed: words that must all be found.
 *
 * `type:cni.*`        a field is like this; `*` stands for anything, commas part alternatives
 * `state:/^up|down$/` a field matches a regular expression
 * `took:>100`         a number is greater, or less with `<`
 * `is:failed`         it is a `command`, a `fact`, `failed`, or has a `wait` in it
 * `-key:namespace/*`  what must not be
 * `bridge`, `/a b/`   anywhere in the record
 */
export interface Query {
  readonly text: string;
  readonly terms: readonly Term[];
  /** Whether the text of records has to be read, which takes longer. */
  readonly readsText: boolean;
}

export interface Term {
  /** `null`: anywhere in the record. */
  readonly field: Field | null;
  readonly negated: boolean;
  readonly test: Test;
}

export type Test =
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly over: boolean; readonly bound: number };

export const FIELDS = [
  'key',
  'kind',
  'id',
  'type',
  'state',
  'code',
  'asks',
  'program',
  'took',
  'correlation',
  'machine',
  'is'
] as const;

export type Field = (typeof FIELDS)[number];

/** What a record is looked at by; a field may have several values. */
export type FieldsOf = (field: Field) => readonly (string | number)[];

/** @throws MooringError `query.bad` naming the word */
export function parseQuery(text: string): Query {
  const terms = wordsIn(text).map(termOf);
  return { text, terms, readsText: terms.some(({ field }) => field === null) };
}

/** @param read gives the whole text of the record; asked only when a term needs it */
export function matches(query: Query, fields: FieldsOf, read: () => string): boolean {
  return query.terms.every(({ field, negated, test }) => {
    const found =
      field === null ? isLike(test, read()) : fields(field).some((value) => isLike(test, value));
    return found !== negated;
  });
}

function isLike(test: Test, value: string | number): boolean {
  switch (test.kind) {
    case 'number':
      return typeof value === 'number' && (test.over ? value > test.bound : value < test.bound);
    case 'pattern':
      return test.pattern.test(String(value));
    case 'text':
      return String(value).toLowerCase().includes(test.text);
  }
}

/** Parted by spaces, except in quotes and in regular expressions. */
function wordsIn(text: string): readonly string[] {
  const words = text.match(/-?(?:[a-z]+:)?(?:"[^"]*"|\/(?:\\.|[^\\/])*\/i?(?=\s|$)|\S+)/gi);
  return words ?? [];
}

function termOf(word: string): Term {
  const negated = word.startsWith('-') && word.length > 1;
  const rest = negated ? word.slice(1) : word;
  const colon = rest.indexOf(':');
  const name = rest.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!isField(name)) {
    if (/^[a-z]+$/.test(name) && !rest.startsWith('"')) throw unknownField(word, name);
    return { field: null, negated, test: anywhere(rest, word) };
  }
  return { field: name, negated, test: valueTest(rest.slice(colon + 1), name, word) };
}

function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}

function anywhere(value: string, word: string): Test {
  return regularIn(value, word) ?? { kind: 'text', text: unquoted(value).toLowerCase() };
}

function valueTest(value: string, field: Field, word: string): Test {
  if (value === '') throw bad(word, `what ${field} shall be is missing`);
  const regular = regularIn(value, word);
  if (regular !== undefined) return regular;
  const [, sign, digits] = /^([<>])(\d+(?:\.\d+)?)$/.exec(value) ?? [];
  if (sign !== undefined) return { kind: 'number', over: sign === '>', bound: Number(digits) };
  const alternatives = value.startsWith('"') ? [unquoted(value)] : value.split(',');
  return { kind: 'pattern', pattern: new RegExp(`^(?:${alternatives.map(glob).join('|')})$`, 'i') };
}

function regularIn(value: string, word: string): Test | undefined {
  const [, source, flags] = /^\/(.+)\/(i?)$/s.exec(value) ?? [];
  if (source === undefined) return undefined;
  try {
    return { kind: 'pattern', pattern: new RegExp(source, `${flags ?? ''}u`) };
  } catch (error) {
    throw bad(word, error instanceof Error ? error.message : String(error));
  }
}

function glob(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/s, '$1');
}

function unknownField(word: string, name: string): MooringError {
  return bad(word, `there is no field ${name}, only ${FIELDS.join(', ')}; in quotes it is a text`);
}

function bad(word: string, reason: string): MooringError {
  return new MooringError('query.bad', `${word}: ${reason}`);
}
