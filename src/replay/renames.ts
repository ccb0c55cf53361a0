import { isJsonObject, type Json } from '../model/json.ts';

/** Which states have another name now: found as they come, each one name for one name. */
export interface Renames {
  /** Whether two state values are the same but for names, given those met so far. */
  areSame(recorded: Json, current: Json): boolean;
  /** By the recorded path, `{ 'tearingDown.releasing': 'tearingDown.givingBack' }`. */
  found(): Readonly<Record<string, string>>;
}

export function renames(): Renames {
  const known = new Map<string, string>();
  const taken = new Map<string, string>();

  return {
    areSame: (recorded, current) => walk(recorded, current, '', ''),
    found: () => Object.fromEntries([...known].filter(([from, to]) => from !== to))
  };

  function walk(recorded: Json, current: Json, from: string, to: string): boolean {
    if (typeof recorded === 'string' && typeof current === 'string') {
      return pair(join(from, recorded), join(to, current));
    }
    if (!isJsonObject(recorded) || !isJsonObject(current)) return false;
    const [ours, theirs] = [Object.entries(recorded), Object.entries(current)];
    if (ours.length !== theirs.length) return false;
    return ours.every(([name, inner], index) => {
      const [other, otherInner] = theirs[index]!;
      const [one, two] = [join(from, name), join(to, other)];
      return pair(one, two) && walk(inner, otherInner, one, two);
    });
  }

  function pair(from: string, to: string): boolean {
    if (!known.has(from) && !taken.has(to)) {
      known.set(from, to);
      taken.set(to, from);
    }
    return known.get(from) === to && taken.get(to) === from;
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
