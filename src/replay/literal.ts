import { isJsonObject, type Json } from '../model/json.ts';

/** Values as TypeScript, with names for those that come again. */
export interface Literals {
  /** `const netns = { … } as const;`, those that are used by others first. */
  declarations(): readonly string[];
  text(value: Json, at: At): string;
}

/** Shorter than this, a value is easier read than looked up. */
const NAMED_MIN = 48;
const WIDTH = 96;

/**
 * Looks for objects and lists that come more than once.
 *
 * @param values all that will be written
 */
export function literals(values: readonly Json[]): Literals {
  const names = namesOf(values);
  // A name that would be used once is none: what it stands for is part of another that has a name.
  for (;;) {
    const uses = usesOf(names, values);
    const idle = [...names].filter(([, { name }]) => (uses.get(name) ?? 0) < 2);
    if (idle.length === 0) break;
    for (const [text] of idle) names.delete(text);
  }
  const print = printer(names, () => undefined);

  return {
    declarations: () =>
      declared(names).map(([own, { name, value }]) => {
        const begin = `const ${name} = `;
        return `${begin}${print(value, { indent: 0, lead: begin.length, tail: 10, own })} as const;`;
      }),
    text: (value, at) => print(value, { ...at, own: '' })
  };
}

function declared(names: Names): readonly (readonly [string, Named])[] {
  return [...names].sort(([one], [other]) => one.length - other.length);
}

/** How often each name is written. */
function usesOf(names: Names, values: readonly Json[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const print = printer(names, (name) => uses.set(name, (uses.get(name) ?? 0) + 1));
  for (const [own, { value }] of names) print(value, { ...NOWHERE, own });
  for (const value of values) print(value, { ...NOWHERE, own: '' });
  return uses;
}

/** Where the text of a value begins. */
export interface At {
  /** Spaces at the begin of its line. */
  readonly indent: number;
  /** Characters before it on its line. */
  readonly lead: number;
  /** Characters that follow it on its line, or its last. */
  readonly tail: number;
}

// Everything in one line, for who does not look at it.
const NOWHERE: At = { indent: 0, lead: 0, tail: 0 };

interface AtOwn extends At {
  /** JSON text of the value that is being declared: it has no name yet. */
  readonly own: string;
}

function printer(names: Names, onName: (name: string) => void) {
  return print;

  function print(value: Json, at: AtOwn): string {
    const { indent, lead, tail, own } = at;
    if (typeof value === 'string') return quoted(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const whole = JSON.stringify(value);
    const known = whole === own ? undefined : names.get(whole);
    if (known !== undefined) {
      onName(known.name);
      return known.name;
    }
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    const room = WIDTH - lead - tail;
    // What can't fit in a line is not tried; its parts would be printed over and over.
    const line = whole.length > 8 * WIDTH ? undefined : oneLine(value, own);
    if (line !== undefined && line.length <= room) return line;
    const inner = indent + 2;
    const parts = partsOf(value).map(([field, part]) => {
      const label = field === '' ? '' : `${labelOf(field)}: `;
      const text = print(part, { indent: inner, lead: inner + label.length, tail: 1, own });
      return `${' '.repeat(inner)}${text === field ? text : `${label}${text}`}`;
    });
    return `${open}\n${parts.join(',\n')}\n${' '.repeat(indent)}${close}`;
  }

  function oneLine(value: Json, own: string): string {
    const parts = partsOf(value).map(([field, part]) => {
      const text = print(part, { indent: 0, lead: -WIDTH * WIDTH, tail: 0, own });
      return field === '' || text === field ? text : `${labelOf(field)}: ${text}`;
    });
    if (Array.isArray(value)) return `[${parts.join(', ')}]`;
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
}

function partsOf(value: Json): readonly (readonly [string, Json])[] {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => ['', item] as const);
  return isJsonObject(value) ? Object.entries(value) : [];
}

function labelOf(field: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(field) ? field : quoted(field);
}

interface Named {
  readonly name: string;
  readonly value: Json;
}

/** By JSON text. */
type Names = Map<string, Named>;

function namesOf(values: readonly Json[]): Names {
  const seen = new Map<string, { count: number; value: Json; field: string; of: string }>();
  const visit = (value: Json, field: string, of: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const text = JSON.stringify(value);
    const known = seen.get(text);
    if (known) known.count += 1;
    else seen.set(text, { count: 1, value, field, of });
    if (Array.isArray(value)) {
      for (const item of value as readonly Json[]) visit(item, singular(field), nameIn(item) || of);
    } else if (isJsonObject(value)) {
      for (const [name, inner] of Object.entries(value)) visit(inner, name, nameIn(value) || of);
    }
  };
  for (const value of values) visit(value, 'value', '');
  const again = [...seen].filter(([text, { count }]) => count > 1 && text.length >= NAMED_MIN);
  const taken = new Set<string>(RESERVED);
  return new Map(
    again.map(([text, { value, field, of }]) => {
      const name = freeName(identifier(field, nameIn(value) || of), taken);
      taken.add(name);
      return [text, { name, value }];
    })
  );
}

/** What a generated test has names for already. */
const RESERVED = ['actor', 'actorOf', 'expect', 'it', 'container', 'namespace', 'network'];

function nameIn(value: Json): string {
  if (!isJsonObject(value)) return '';
  const named = value['network'] ?? value['name'];
  return typeof named === 'string' ? named : '';
}

function singular(field: string): string {
  return field.endsWith('s') ? field.slice(0, -1) : field;
}

/** `attachmentFront` for an attachment to network front. */
function identifier(field: string, of: string): string {
  const words = `${field} ${of}`.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words
    .map((word, index) => (index === 0 ? word : `${word[0]!.toUpperCase()}${word.slice(1)}`))
    .join('');
  return /^[A-Za-z]/.test(joined) ? joined : `value${joined}`;
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}${count}`;
    if (!taken.has(name)) return name;
  }
}

/** In single quotes, and with nothing in it that could end them or the line. */
export function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}
