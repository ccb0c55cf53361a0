import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/**
 * A conflist comes with every request of every container that uses it, and makes up most of a
 * journal. In a journal file it is written once, where it comes first, and referred to from then on.
 */
export const PART_FIELD = 'conflist';

/** `#1a2b3c4d5e6f`: what stands for a part. */
export type PartReference = string;

/** What a record says, with parts taken out of it. */
export interface Packed<Value> {
  readonly value: Value;
  /** Those that were taken out, by reference. */
  readonly parts: ReadonlyMap<PartReference, Json>;
}

/** @param referenceOf what is to stand for a part */
export function packed<Value extends Json>(
  value: Value,
  referenceOf: (part: JsonObject) => PartReference
): Packed<Value> {
  const parts = new Map<PartReference, Json>();
  return { value: pack(value) as Value, parts };

  function pack(inner: Json): Json {
    if (Array.isArray(inner)) return (inner as readonly Json[]).map(pack);
    if (!isJsonObject(inner)) return inner;
    const fields = Object.entries(inner).map(([name, held]) => {
      if (name !== PART_FIELD || !isJsonObject(held)) return [name, pack(held)];
      const reference = referenceOf(held);
      parts.set(reference, held);
      return [name, reference];
    });
    return Object.fromEntries(fields) as JsonObject;
  }
}

export function isReference(text: string): boolean {
  return /^#[0-9a-f]{12}$/.test(text);
}

/**
 * The opposite. A value that was parsed for this alone is changed where it stands.
 *
 * @param partOf what a reference stands for; throws when it stands for nothing
 */
export function unpack(value: unknown, partOf: (reference: PartReference) => Json): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) unpack(item, partOf);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const name of Object.keys(object)) {
    const held = object[name];
    if (name === PART_FIELD && typeof held === 'string') {
      if (isReference(held)) object[name] = partOf(held);
    } else if (typeof held === 'object') unpack(held, partOf);
  }
}
