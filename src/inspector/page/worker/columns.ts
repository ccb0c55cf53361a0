// What a search or a table needs of a record, as numbers: a million of them take 50 MB.

/** Texts that come again and again, each once. */
export interface Words {
  /** Number of a text; the same for the same. `''` is 0. */
  of(text: string): number;
  text(number: number): string;
  readonly size: number;
  /** Every text, by its number. */
  all(): readonly string[];
}

export function words(): Words {
  const numbers = new Map<string, number>([['', 0]]);
  const texts = [''];
  return {
    of(text) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, texts.length);
      return texts.push(text) - 1;
    },
    text: (number) => texts[number] ?? '',
    get size() {
      return texts.length;
    },
    all: () => texts
  };
}

export const FAILED = 1;
export const COMMAND = 2;
export const WAITED = 4;

/** Columns of a table that grows; a row is a record, in the order they were read. */
export interface Columns {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly time: Float64Array;
  readonly seq: Uint32Array;
  /** Numbers of {@link Words}. */
  readonly key: Uint32Array;
  readonly type: Uint32Array;
  readonly state: Uint32Array;
  readonly code: Uint32Array;
  readonly asks: Uint32Array;
  readonly programs: Uint32Array;
  readonly correlation: Uint32Array;
  readonly machine: Uint32Array;
  /** Longest span, milliseconds. */
  readonly took: Float32Array;
  readonly flags: Uint8Array;
  /** Where its text is: of which piece, from which byte, how many. */
  readonly piece: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
}

export type Row = { readonly [Name in Exclude<keyof Columns, 'count'>]: number };

export interface GrowingColumns extends Columns {
  /** @returns its row */
  push(row: Row): number;
}

const FIRST_ROWS = 4096;

export function columns(): GrowingColumns {
  let room = FIRST_ROWS;
  let count = 0;
  const table = {
    time: new Float64Array(room),
    seq: new Uint32Array(room),
    key: new Uint32Array(room),
    type: new Uint32Array(room),
    state: new Uint32Array(room),
    code: new Uint32Array(room),
    asks: new Uint32Array(room),
    programs: new Uint32Array(room),
    correlation: new Uint32Array(room),
    machine: new Uint32Array(room),
    took: new Float32Array(room),
    flags: new Uint8Array(room),
    piece: new Uint32Array(room),
    offset: new Uint32Array(room),
    length: new Uint32Array(room)
  };
  const names = Object.keys(table) as readonly (keyof typeof table)[];

  return Object.defineProperties({ push } as GrowingColumns, {
    count: { get: () => count },
    ...Object.fromEntries(names.map((name) => [name, { get: () => table[name] }]))
  });

  function push(row: Row): number {
    if (count === room) grow();
    for (const name of names) table[name][count] = row[name];
    count += 1;
    return count - 1;
  }

  function grow(): void {
    room *= 2;
    for (const name of names) {
      const old = table[name];
      const larger = new (old.constructor as new (length: number) => typeof old)(room);
      larger.set(old);
      Object.assign(table, { [name]: larger });
    }
  }
}

/** A list of numbers that grows. */
export interface Numbers {
  readonly count: number;
  at(index: number): number;
  push(value: number): void;
  /** What is in it; valid until the next push. */
  view(): Uint32Array;
  sort(compare: (a: number, b: number) => number): void;
}

export function numbers(): Numbers {
  let list = new Uint32Array(8);
  let count = 0;
  return {
    get count() {
      return count;
    },
    at: (index) => list[index]!,
    push(value) {
      if (count === list.length) {
        const larger = new Uint32Array(count * 2);
        larger.set(list);
        list = larger;
      }
      list[count] = value;
      count += 1;
    },
    view: () => list.subarray(0, count),
    sort(compare) {
      list.subarray(0, count).sort(compare);
    }
  };
}
