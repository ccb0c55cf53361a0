import { isJsonObject, type Json } from '../../../model/json.ts';
import { stateText } from '../../model/steps.ts';

/** What a replay has found, as `mooring replay --format json` tells it. */
export interface Report {
  readonly verdict: string;
  readonly rule: string;
  readonly divergences: readonly Divergence[];
}

/** A record that did not come about as it was recorded. */
export interface Divergence {
  /** `state`, `requests`, `memory`, `ignored`, `failed` */
  readonly kind: string;
  readonly key: string;
  readonly seq: number;
  readonly time: number;
  readonly event: string;
  readonly recorded: Outcome;
  readonly current: Outcome;
  /** What a guard or an action threw. */
  readonly thrown: string;
}

export interface Outcome {
  readonly state: string;
  readonly requests: readonly string[];
}

/** @returns `undefined` for what is no report */
export function reportFrom(value: unknown): Report | undefined {
  if (!isJsonObject(value)) return undefined;
  const { verdict, rule, actors, divergence } = value;
  if (typeof verdict !== 'string') return undefined;
  const all = Array.isArray(actors)
    ? actors.filter(isJsonObject).map((actor) => actor['divergence'])
    : [];
  const found = [...all, divergence]
    .filter(isJsonObject)
    .flatMap((one) => divergenceFrom(one) ?? []);
  const names = new Set<string>();
  const first = found.filter(({ key, seq }) => {
    const name = `${key} ${seq}`;
    return !names.has(name) && names.add(name);
  });
  return { verdict, rule: typeof rule === 'string' ? rule : '', divergences: first };
}

function divergenceFrom(value: { readonly [name: string]: Json }): Divergence | undefined {
  const { kind, key, seq, time, event, recorded, current, thrown } = value;
  if (typeof key !== 'string' || typeof seq !== 'number') return undefined;
  return {
    ...{ key, seq },
    kind: typeof kind === 'string' ? kind : '',
    time: typeof time === 'number' ? time : 0,
    event: isJsonObject(event) && typeof event['type'] === 'string' ? event['type'] : '',
    recorded: outcomeFrom(recorded),
    current: outcomeFrom(current),
    thrown: typeof thrown === 'string' ? thrown : ''
  };
}

function outcomeFrom(value: Json | undefined): Outcome {
  if (!isJsonObject(value)) return { state: '', requests: [] };
  const { state, requests } = value;
  const types = Array.isArray(requests) ? requests.filter(isJsonObject) : [];
  return {
    state: state === undefined ? '' : stateText(state),
    requests: types.map(({ type }) => (typeof type === 'string' ? type : '?'))
  };
}
