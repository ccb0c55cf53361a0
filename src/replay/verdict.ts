import { parseMachineId, versionIn } from '../actors/versions.ts';
import type { Progress } from './actor-replay.ts';
import type { Divergence } from './divergence.ts';

/**
 * What the current charts make of a journal, from best to worst.
 *
 * `identical`: the charts that recorded it. `equivalent`: charts that differ from those in names
 * alone. `compatible`: charts that differ, but nowhere on the way that this journal took.
 * `breaking`: something did not come about as recorded.
 */
export type Verdict = 'identical' | 'equivalent' | 'compatible' | 'breaking';

export const VERDICTS: readonly Verdict[] = ['identical', 'equivalent', 'compatible', 'breaking'];

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is this one, in a line. */
  readonly rule: string;
}

/** @param current id of the machine it was replayed with */
export function judgementOf(
  { machines: recorded, renames, events }: Progress,
  current: string,
  divergence: Divergence | undefined
): Judgement {
  if (divergence) return { verdict: 'breaking', rule: breakingRule(divergence) };
  if (recorded.every((id) => id === current)) {
    return { verdict: 'identical', rule: 'the same chart did the same' };
  }
  if (recorded.every((id) => isOfShape(id, current))) {
    const renamed = Object.entries(renames?.found() ?? {});
    const names = renamed.map(([from, to]) => `${from} is ${to}`).join(', ');
    return {
      verdict: 'equivalent',
      rule: `the charts differ in names alone${names === '' ? '' : `: ${names}`}`
    };
  }
  return {
    verdict: 'compatible',
    rule: `the charts differ, but not in what these ${events} events did`
  };
}

/** The worst of several, the first of those; `identical` of none. */
export function worstOf(judgements: readonly Judgement[]): Judgement {
  const rank = ({ verdict }: Judgement) => VERDICTS.indexOf(verdict);
  let worst: Judgement | undefined;
  for (const one of judgements) if (!worst || rank(one) > rank(worst)) worst = one;
  return worst ?? { verdict: 'identical', rule: 'there are no events' };
}

function isOfShape(id: string, current: string): boolean {
  const [then, now] = [parseMachineId(id), parseMachineId(current)];
  return then !== undefined && then.shape === now?.shape && then.version === now.version;
}

function breakingRule({ kind, seq, key, recorded, current }: Divergence): string {
  const what = WHAT[kind];
  const versions = [versionIn(recorded.machine), versionIn(current.machine)] as const;
  const where = `record ${seq} of ${key}: ${what}`;
  if (versions[0] < versions[1]) {
    return `${where}; it was recorded by version ${versions[0]} of the chart, and this is version ${versions[1]}`;
  }
  return recorded.machine === current.machine
    ? `${where}, though the chart is the same: a guard or an action is not`
    : where;
}

const WHAT: Readonly<Record<Divergence['kind'], string>> = {
  failed: 'a guard or an action throws',
  ignored: 'the command is no longer taken',
  state: 'it leads to another state',
  requests: 'something else is asked for',
  memory: 'something else is remembered'
};
