import type { Json } from '../model/json.ts';
import type { Allocations } from './store.ts';

/** As JSON, by kind. */
type Texts = Map<string, string>;

interface Change {
  readonly kind: string;
  readonly version: number;
  readonly owner: string;
  readonly entries: readonly Json[];
}

export function allocationsOf(texts: Texts, kind: string): Allocations {
  const text = texts.get(kind);
  return text === undefined ? { version: 0, entries: [] } : (JSON.parse(text) as Allocations);
}

/** See `Store.allocate`. */
export function setAllocations(texts: Texts, { kind, version, owner, entries }: Change): boolean {
  const current = allocationsOf(texts, kind);
  if (current.version !== version) return false;
  const others = current.entries.filter((held) => held.owner !== owner);
  const own = entries.map((entry) => ({ owner, entry }));
  const changed: Allocations = { version: version + 1, entries: [...others, ...own] };
  texts.set(kind, JSON.stringify(changed));
  return true;
}
