import { PART_FIELD } from './parts.ts';

/**
 * JSON text as it stands in a journal file, made of values whose parts are known by what object
 * they are: what machines remember and ask for is never changed, only replaced.
 */
export interface Texts {
  of(value: unknown): string;
  /**
   * Whether the text of a value stands at an offset of a text.
   *
   * @returns the offset behind it, or -1; also when it stands there in other words
   */
  at(text: string, offset: number, value: unknown): number;
}

/** @param references what stands for an object that is a part, `#1a2b3c4d5e6f` */
export function texts(references: ReadonlyMap<object, string>): Texts {
  return {
    of: textOf,
    at(text, offset, value) {
      const wanted = textOf(value);
      const end = offset + wanted.length;
      return text.slice(offset, end) === wanted ? end : -1;
    }
  };

  function textOf(value: unknown): string {
    return JSON.stringify(referring(value, UPPER_LEVELS));
  }

  /** The same with references in place of parts; itself when it has none. */
  function referring(value: unknown, levels: number): unknown {
    if (typeof value !== 'object' || value === null || levels === 0) return value;
    if (Array.isArray(value)) return referringList(value, levels - 1);
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(value)) {
      const held = (value as Readonly<Record<string, unknown>>)[name];
      if (typeof held !== 'object' || held === null) continue;
      const inner = name === PART_FIELD ? references.get(held) : referring(held, levels - 1);
      if (inner === held || inner === undefined) continue;
      copy ??= { ...value };
      copy[name] = inner;
    }
    return copy ?? value;
  }

  function referringList(list: readonly unknown[], levels: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (const [index, item] of list.entries()) {
      const inner = referring(item, levels);
      if (inner === item) continue;
      copy ??= [...list];
      copy[index] = inner;
    }
    return copy ?? list;
  }
}

/** A part stands no deeper than this: in an attachment, in a list, in a request. */
const UPPER_LEVELS = 3;
