import { recordWriter } from '../../journal/export.ts';
import { lineWriter } from '../../journal/file.ts';
import { MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { keyText, type StoredRecord } from '../../store/store.ts';
import { replay, type JournalInput } from '../replay.ts';
import { planJson, type Plan } from './plan.ts';
import type { Run } from './run.ts';
import { earlierOf, type Kept } from './store-state.ts';

/**
 * What a run recorded, as the lines of a journal file, with the plan to run it again in the first.
 *
 * `mooring replay` and the inspector open it as they open what a host has recorded.
 */
export function traceLines({ plan, lives, violations }: Run): readonly string[] {
  const found = violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  return lifeLines(lives, { plan: planJson(plan), violations: found });
}

/** The lines of a journal file of lives that were simulated, and how. */
export function lifeLines(lives: Run['lives'], simulation: Json): readonly string[] {
  const file = lineWriter();
  const lines = [file.header(simulation)];
  for (const life of inOrder(lives)) {
    const write = recordWriter(file);
    for (const kept of life) lines.push(write(recordOf(kept)));
  }
  return [...lines, file.trailer()];
}

/**
 * The plan that a journal file was simulated by, to be run again or otherwise.
 *
 * @throws MooringError `journal.notSimulated`, and as `replay`
 */
export function planIn(input: JournalInput): Plan {
  const { simulation } = replay(input);
  const plan = isJsonObject(simulation) ? simulation['plan'] : undefined;
  if (isPlan(plan)) return plan as unknown as Plan;
  const name = typeof input === 'string' ? input : 'the journal';
  throw new MooringError('journal.notSimulated', `${name} was recorded, not simulated`);
}

function isPlan(plan: Json | undefined): boolean {
  if (!isJsonObject(plan) || typeof plan['seed'] !== 'number') return false;
  return ['hosts', 'steps', 'faults'].every((field) => Array.isArray(plan[field]));
}

// Lives of one key stand one after the other, in the order they were.
function inOrder(lives: Run['lives']): Run['lives'] {
  const keys = [...new Set(lives.flatMap(([first]) => (first ? keyText(first.key) : [])))];
  return keys.flatMap((key) => lives.filter(([first]) => first && keyText(first.key) === key));
}

function recordOf({ seq, time, host, boot, key, token, commit }: Kept): StoredRecord {
  const { event, requests, value, machine, causation, correlation, snapshot } = commit;
  return {
    ...{ v: 1, seq, time, host, boot, key: keyText(key), token, machine, event, requests, value },
    ...{ causation, correlation, prev: '', snapshot, earlier: earlierOf(commit), hash: '' }
  };
}
