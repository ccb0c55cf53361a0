import type { Json, JsonObject } from '../model/json.ts';
import { digest } from '../store/record.ts';
import { packed, type PartReference } from './parts.ts';

/** The reference for a part, from what it says. */
export function referenceOf(part: JsonObject): PartReference {
  return `#${digest(JSON.stringify(part)).slice(0, 12)}`;
}

/** JSON text as it stands in a journal file: with references in place of parts. */
export function packedText(value: unknown): string {
  return JSON.stringify(packed(value as Json, referenceOf).value);
}
