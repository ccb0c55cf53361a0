// All records by what they are looked for: by actor, and in the order of time.
import type { Json } from '../../../model/json.ts';
import type { Recorded } from '../../model/records.ts';
import { columns, numbers, words, type Columns, type Numbers, type Words } from './columns.ts';
import { BadFile } from './lines.ts';
import { lineOf, restoreParts, rowOf } from './parse.ts';
import { pieces, type Pieces, type TextPlace } from './pieces.ts';
import type { Ref, Scope } from './protocol.ts';

export interface RecordIndex {
  readonly columns: Columns;
  readonly words: Words;
  readonly pieces: Pieces;
  /** @returns what else the line is, when it is no record; throws BadFile */
  add(text: string, place: () => TextPlace): Json | undefined;
  /** Rows of all records, or of those around an actor, by time. */
  order(scope: Scope): Uint32Array;
  /** Place of each row in the order of all. */
  ranks(): Uint32Array;
  /** Rows of one actor, by time; empty when it is not known. */
  rowsOf(key: string): Uint32Array;
  keys(): readonly string[];
  rowOf(ref: Ref): number;
  refOf(row: number): Ref;
  read(row: number): Promise<Recorded>;
  clear(): void;
}

interface Actor {
  readonly rows: Numbers;
  sorted: boolean;
  /** What references in its records stand for. */
  readonly parts: Map<string, Json>;
}

export function recordIndex(): RecordIndex {
  let table = columns();
  let texts = words();
  let store = pieces();
  let actors = new Map<string, Actor>();
  let order = new Uint32Array();
  let ranks = new Uint32Array();
  let ranked = 0;
  const scopes = new Map<string, { readonly count: number; readonly rows: Uint32Array }>();

  return {
    get columns() {
      return table;
    },
    get words() {
      return texts;
    },
    get pieces() {
      return store;
    },
    add,
    order: (scope) => (scope === null ? all() : around(scope)),
    ranks: () => (all(), ranks),
    rowsOf: (key) => rowsOf(key),
    keys: () => [...actors.keys()],
    rowOf: (ref) => find(ref),
    refOf: (row) => ({
      key: texts.text(table.key[row]!),
      seq: table.seq[row]!,
      time: table.time[row]!
    }),
    read,
    clear() {
      [table, texts, store] = [columns(), words(), pieces()];
      actors = new Map();
      [order, ranks, ranked] = [new Uint32Array(), new Uint32Array(), 0];
      scopes.clear();
    }
  };

  function add(text: string, place: () => TextPlace): Json | undefined {
    const line = lineOf(text);
    if (line.kind === 'extra') return line.value;
    const { record, parts } = line;
    const actor = actorOf(record.key);
    for (const [reference, part] of Object.entries(parts ?? {})) actor.parts.set(reference, part);
    if (isKnown(record, actor)) return undefined;
    const row = table.push(rowOf(record, place(), texts));
    const last = actor.rows.count === 0 ? -1 : actor.rows.at(actor.rows.count - 1);
    if (last >= 0 && compareRows(last, row) > 0) actor.sorted = false;
    actor.rows.push(row);
    return undefined;
  }

  function actorOf(key: string): Actor {
    const known = actors.get(key);
    if (known !== undefined) return known;
    const actor: Actor = { rows: numbers(), sorted: true, parts: new Map() };
    actors.set(key, actor);
    return actor;
  }

  // What is followed and what is read of a journal overlap.
  function isKnown({ seq, time }: Recorded, actor: Actor): boolean {
    const { count } = actor.rows;
    if (count === 0) return false;
    const last = actor.rows.at(count - 1);
    if (
      actor.sorted &&
      (time > table.time[last]! || (time === table.time[last]! && seq > table.seq[last]!))
    ) {
      return false;
    }
    sort(actor);
    return search(actor.rows.view(), seq, time) >= 0;
  }

  function sort(actor: Actor): void {
    if (actor.sorted) return;
    actor.rows.sort(compareRows);
    actor.sorted = true;
  }

  function compareRows(a: number, b: number): number {
    return (
      table.time[a]! - table.time[b]! ||
      table.key[a]! - table.key[b]! ||
      table.seq[a]! - table.seq[b]!
    );
  }

  function search(rows: Uint32Array, seq: number, time: number): number {
    let [low, high] = [0, rows.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const row = rows[middle]!;
      const order = table.time[row]! - time || table.seq[row]! - seq;
      if (order === 0) return row;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  function find({ key, seq, time }: Ref): number {
    return search(rowsOf(key), seq, time);
  }

  function rowsOf(key: string): Uint32Array {
    const actor = actors.get(key);
    if (actor === undefined) return new Uint32Array();
    sort(actor);
    return actor.rows.view();
  }

  // What comes is mostly newer than all there is: then it is put behind.
  function all(): Uint32Array {
    if (ranked === table.count) return order;
    const longer = new Uint32Array(table.count);
    longer.set(order);
    let isInOrder = true;
    for (let row = ranked; row < table.count; row++) {
      longer[row] = row;
      if (row > 0 && isInOrder && compareRows(longer[row - 1]!, row) > 0) isInOrder = false;
    }
    if (!isInOrder) longer.sort(compareRows);
    order = longer;
    ranks = new Uint32Array(table.count);
    for (let position = 0; position < order.length; position++) ranks[order[position]!] = position;
    ranked = table.count;
    return order;
  }

  // One look through a column; what is found is kept until there are more records.
  function around(key: string): Uint32Array {
    const known = scopes.get(key);
    if (known?.count === table.count) return known.rows;
    const commands = new Set(Array.from(rowsOf(key), (row) => table.correlation[row]!));
    const own = texts.of(key);
    const none = texts.of('');
    const { correlation } = table;
    const rows = all().filter(
      (row) =>
        table.key[row] === own || (correlation[row] !== none && commands.has(correlation[row]!))
    );
    if (scopes.size > 16) scopes.clear();
    scopes.set(key, { count: table.count, rows });
    return rows;
  }

  async function read(row: number): Promise<Recorded> {
    const place = {
      piece: table.piece[row]!,
      offset: table.offset[row]!,
      length: table.length[row]!
    };
    const line = lineOf(await store.read(place));
    if (line.kind !== 'record') throw new BadFile('the record is gone');
    const { record } = line;
    const parts = actors.get(record.key)?.parts;
    if (parts !== undefined && parts.size > 0) {
      restoreParts([record.event, record.requests, record.snapshot], (name) => parts.get(name));
    }
    return record;
  }
}
