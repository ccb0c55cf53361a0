import { isJsonObject, type Json } from '../../model/json.ts';

/** Something that is not as it was. */
export interface Change {
  /** Where it stands: `attachments.0.result`; `''` for the whole. */
  readonly path: string;
  /** Absent: it was not there. */
  readonly before?: Json;
  /** Absent: it is there no more. */
  readonly after?: Json;
}

/** Differences of two values, the outermost that say all: what came or went is told as a whole. */
export function changesBetween(
  before: Json | undefined,
  after: Json | undefined
): readonly Change[] {
  const changes: Change[] = [];
  compare('', before, after, changes);
  return changes;
}

function compare(
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  changes: Change[]
): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    // A list that grew or shrank at its end differs there alone.
    const most = Math.max(before.length, after.length);
    for (let index = 0; index < most; index++) {
      compare(within(path, String(index)), before[index] as Json, after[index] as Json, changes);
    }
    return;
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names)
      compare(within(path, name), own(before, name), own(after, name), changes);
    return;
  }
  if (
    before !== undefined &&
    after !== undefined &&
    JSON.stringify(before) === JSON.stringify(after)
  )
    return;
  changes.push({
    path,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after })
  });
}

// A field may be called `__proto__`, in a file that somebody else has made.
function own(object: { readonly [key: string]: Json }, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
