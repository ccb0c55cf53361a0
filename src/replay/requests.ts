import type { EffectRequest } from '../bus/requests.ts';
import type { Json } from '../model/json.ts';
import { differencesIn, isSame } from './compare.ts';
import type { RequestDifference } from './divergence.ts';

/**
 * What of the requests after one event is not as it was.
 *
 * The same request in another place is moved; one of the same type in the same place, or else the
 * next of its type, is changed; what is left is missing or extra.
 */
export function requestDifferences(
  recorded: readonly EffectRequest[],
  current: readonly EffectRequest[]
): readonly RequestDifference[] {
  const pairs = pairUp(recorded, current);
  const inOrder = keptInOrder(pairs);
  const differences = recorded.map((request, at): RequestDifference | undefined => {
    const to = pairs.get(at);
    if (to === undefined) return { kind: 'missing', at, recorded: request };
    const now = current[to]!;
    const fields = differencesIn(json(request), json(now));
    if (fields.length > 0) {
      return { kind: 'changed', at: to, recorded: request, current: now, fields };
    }
    return inOrder.has(at) ? undefined : { kind: 'moved', at: to, from: at, recorded: request };
  });
  const used = new Set(pairs.values());
  const extra = current.flatMap((request, at): RequestDifference[] =>
    used.has(at) ? [] : [{ kind: 'extra', at, current: request }]
  );
  return [...differences.filter((difference) => difference !== undefined), ...extra];
}

/** By place among the recorded: the place among the current. */
function pairUp(
  recorded: readonly EffectRequest[],
  current: readonly EffectRequest[]
): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const free = new Set(current.keys());
  const pair = (match: (request: EffectRequest, at: number, to: number) => boolean): void => {
    for (const [at, request] of recorded.entries()) {
      if (pairs.has(at)) continue;
      const to = [...free].find((place) => match(request, at, place));
      if (to === undefined) continue;
      pairs.set(at, to);
      free.delete(to);
    }
  };
  pair((request, at, to) => at === to && isSame(json(request), json(current[to]!)));
  pair((request, _, to) => isSame(json(request), json(current[to]!)));
  pair((request, at, to) => at === to && request.type === current[to]!.type);
  pair((request, _, to) => request.type === current[to]!.type);
  return pairs;
}

/** Places among the recorded that come in the same order now: as many as can be. */
function keptInOrder(pairs: ReadonlyMap<number, number>): ReadonlySet<number> {
  const places = [...pairs].sort(([one], [other]) => one - other);
  let longest: readonly number[] = [];
  const ending: { readonly to: number; readonly run: readonly number[] }[] = [];
  for (const [at, to] of places) {
    const before = ending.filter((one) => one.to < to).map(({ run }) => run);
    const best = before.reduce<readonly number[]>(
      (one, other) => (other.length > one.length ? other : one),
      []
    );
    const run = [...best, at];
    ending.push({ to, run });
    if (run.length > longest.length) longest = run;
  }
  return new Set(longest);
}

// A request is JSON, as every event and snapshot is.
function json(request: EffectRequest): Json {
  return request as unknown as Json;
}
