/**
 * JSON text as it stands in a journal file, without making it where that can be spared.
 *
 * What machines remember and ask for is never changed, only replaced, and the parts that a journal
 * refers to are known by what object they are. So most of a request is compared by a look at it.
 */
export interface Texts {
  of(value: object): string;
  /**
   * Whether the text of a value stands at an offset of a text.
   *
   * @returns the offset behind it, or -1; also when it stands there in other words
   */
  at(text: string, offset: number, value: unknown): number;
}

/** @param references what stands for an object that is a part, `#1a2b3c4d5e6f` */
export function texts(references: ReadonlyMap<object, string>): Texts {
  const fields = new Map<string, string>();

  return {
    of: (value) => compose(value, UPPER_LEVELS),
    at: (text, offset, value) => match(text, offset, value, UPPER_LEVELS)
  };

  function match(text: string, at: number, value: unknown, levels: number): number {
    if (typeof value === 'string') return matchString(text, at, value);
    if (typeof value !== 'object' || value === null) return literal(text, at, String(value));
    const reference = references.get(value);
    if (reference !== undefined) return matchString(text, at, reference);
    if (levels === 0) return literal(text, at, JSON.stringify(value));
    return Array.isArray(value)
      ? matchList(text, at, value, levels - 1)
      : matchObject(text, at, value, levels - 1);
  }

  function matchList(text: string, at: number, list: readonly unknown[], levels: number): number {
    let [end, before] = [at, '['];
    for (const item of list) {
      if (!text.startsWith(before, end)) return -1;
      end = match(text, end + 1, item, levels);
      if (end === -1) return -1;
      before = ',';
    }
    return literal(text, end, list.length === 0 ? '[]' : ']');
  }

  function matchObject(text: string, at: number, object: object, levels: number): number {
    let [end, before] = [at, '{'];
    for (const name of Object.keys(object)) {
      const value = (object as Readonly<Record<string, unknown>>)[name];
      if (value === undefined) continue;
      const field = fieldOf(name);
      if (!text.startsWith(before, end) || !text.startsWith(field, end + 1)) return -1;
      end = match(text, end + 1 + field.length, value, levels);
      if (end === -1) return -1;
      before = ',';
    }
    return literal(text, end, end === at ? '{}' : '}');
  }

  function compose(value: unknown, levels: number): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const reference = references.get(value);
    if (reference !== undefined) return `"${reference}"`;
    if (levels === 0) return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map((item) => compose(item, levels - 1)).join()}]`;
    const pairs: string[] = [];
    for (const name of Object.keys(value)) {
      const held = (value as Readonly<Record<string, unknown>>)[name];
      if (held !== undefined) pairs.push(fieldOf(name) + compose(held, levels - 1));
    }
    return `{${pairs.join()}}`;
  }

  function fieldOf(name: string): string {
    let field = fields.get(name);
    if (field === undefined) {
      field = `${JSON.stringify(name)}:`;
      fields.set(name, field);
    }
    return field;
  }
}

/** A part stands no deeper than this: in an attachment, in a list, in a request. */
const UPPER_LEVELS = 3;

const QUOTE = 34;

function matchString(text: string, at: number, value: string): number {
  const end = at + 1 + value.length;
  const isPlain = text.charCodeAt(at) === QUOTE && text.charCodeAt(end) === QUOTE;
  if (isPlain && literal(text, at + 1, value) !== -1) return end + 1;
  return literal(text, at, JSON.stringify(value));
}

// A slice is compared by the word, a prefix by the letter.
function literal(text: string, at: number, wanted: string): number {
  const end = at + wanted.length;
  if (wanted.length < 16) return text.startsWith(wanted, at) ? end : -1;
  return text.slice(at, end) === wanted ? end : -1;
}
