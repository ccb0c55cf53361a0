import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** Where two values differ first: `attachment.result.ips.0.address`. */
export interface Difference {
  readonly path: string;
  /** `undefined`: not there. */
  readonly recorded: Json | undefined;
  readonly current: Json | undefined;
}

/** Everything that is not the same in two values, in the order of the recorded one. */
export function differencesIn(
  recorded: Json | undefined,
  current: Json | undefined,
  path = ''
): readonly Difference[] {
  if (recorded === current) return [];
  const both = [partsOf(recorded), partsOf(current)] as const;
  const [ours, theirs] = both;
  const areAlike = Array.isArray(recorded) === Array.isArray(current);
  if (!ours || !theirs || !areAlike) return [{ path, recorded, current }];
  const fields = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...fields].flatMap((field) =>
    differencesIn(own(ours, field), own(theirs, field), path === '' ? field : `${path}.${field}`)
  );
}

/** The same as if there were no differences, without making them. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  if (one === null || other === null || Array.isArray(one) !== Array.isArray(other)) return false;
  const [ours, theirs] = [one as JsonObject, other as JsonObject];
  const names = Object.keys(ours);
  for (const name of names) if (!isSame(ours[name], own(theirs, name))) return false;
  return hasNoOthers(theirs, ours);
}

/** An absent field and one that is `undefined` are the same. */
function hasNoOthers(object: JsonObject, than: JsonObject): boolean {
  return Object.keys(object).every(
    (name) => object[name] === undefined || Object.hasOwn(than, name)
  );
}

function partsOf(value: Json | undefined): JsonObject | undefined {
  if (Array.isArray(value)) {
    const list: readonly Json[] = value;
    return Object.fromEntries(list.map((item, index) => [String(index), item]));
  }
  return isJsonObject(value) ? value : undefined;
}

function own(object: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}
