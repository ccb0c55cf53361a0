import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
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

/**
 * What was found in one file or in several; its verdict is that of the first that is not the same.
 *
 * @returns `undefined` where there is no report
 */
export function reportFrom(values: readonly JsonObject[]): Report | undefined {
  const all = values.flatMap((value) => reportOf(value) ?? []);
  const told = all.find(({ divergences }) => divergences.length > 0) ?? all[0];
  if (told === undefined) return undefined;
  const names = new Set<string>();
  const divergences = all.flatMap((report) => report.divergences);
  const first = divergences.filter(({ key, seq, time }) => {
    const name = `${key} ${seq} ${time}`;
    return !names.has(name) && names.add(name);
  });
  return { ...told, divergences: first };
}

function reportOf(value: JsonObject): Report | undefined {
  const { verdict, rule, actors, divergence } = value;
  if (typeof verdict !== 'string') return undefined;
  const all = Array.isArray(actors)
    ? actors.filter(isJsonObject).map((actor) => actor['divergence'])
    : [];
  const found = [...all, divergence]
    .filter(isJsonObject)
    .flatMap((one) => divergenceFrom(one) ?? []);
  return { verdict, rule: typeof rule === 'string' ? rule : '', divergences: found };
}

function divergenceFrom(value: JsonObject): Divergence | undefined {
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
