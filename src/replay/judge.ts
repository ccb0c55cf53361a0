import type { AnyMachineSnapshot } from 'xstate';
import { KINDS, MACHINES } from '../actors/machines.ts';
import { keyFrom } from '../journal/import.ts';
import { recordLines } from '../journal/lines.ts';
import { badFile } from '../journal/read.ts';
import { failureOf } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { StoredRecord } from '../store/store.ts';
import { actorReplay, type ActorReplay } from './actor-replay.ts';
import type { Divergence } from './divergence.ts';
import { sourceOf, type JournalInput, type ReplayOptions } from './replay.ts';
import { stateText } from './report.ts';
import { writersOf } from './written.ts';

/** What must hold of every journal, whatever was known to be right when it was recorded. */
export interface JournalInvariant {
  /** A word or two that a violation is told by. */
  readonly name: string;
  /**
   * Begins to watch a journal.
   *
   * @returns what looks at its steps, in the order they were recorded, and says in a line what is wrong
   */
  watch(): (step: JournalStep) => string | undefined;
}

/** One record, and what it made of its actor. */
export interface JournalStep {
  /** `container/web` */
  readonly key: string;
  /** From 1; a key can live more than once. */
  readonly life: number;
  readonly record: StoredRecord;
  /** `undefined` of an actor whose first records are lost, at the first there is. */
  readonly before: Standing | undefined;
  readonly after: Standing;
}

export interface Standing {
  /** `tearingDown.detaching.deleting` */
  readonly state: string;
  /** What it remembers. */
  readonly context: JsonObject;
}

export interface JournalViolation {
  readonly invariant: string;
  readonly what: string;
  /** `container/web` */
  readonly key: string;
  readonly seq: number;
  /** Line of the file, from 1. */
  readonly line: number;
}

/** What invariants make of a journal. */
export interface Judged {
  /** How many records were looked at. */
  readonly steps: number;
  /** In the order of the file. */
  readonly violations: readonly JournalViolation[];
  /** Where charts did otherwise than was recorded: of those actors nothing behind was looked at. */
  readonly divergences: readonly Divergence[];
}

/**
 * Looks at an old journal with new eyes: every record, with the state and the memory that it led to, is
 * shown to every invariant.
 *
 * @throws MooringError as `replay`, and what an invariant throws
 */
export function judge(
  input: JournalInput,
  invariants: readonly JournalInvariant[],
  { machines = MACHINES }: ReplayOptions = {}
): Judged {
  const source = sourceOf(input);
  const references = new Map<object, string>();
  const stage = { machines, writers: writersOf(references) };
  const watches = invariants.map(({ name, watch }) => ({ name, look: watch() }));
  const current = new Map<string, { readonly life: number; readonly actor: ActorReplay }>();
  const lost = new Set<ActorReplay>();
  const violations: JournalViolation[] = [];
  const divergences: Divergence[] = [];
  let steps = 0;
  const part = (found: object, reference: string) => void references.set(found, reference);
  for (const line of recordLines(source, { part })) {
    const { key, life, number, seq } = line;
    const actor = actorIn(key, life, number);
    if (lost.has(actor)) continue;
    const before = seq > 1 && actor.progress.events === 0 ? undefined : standing(actor.snapshot());
    const divergence = actor.take(line);
    if (divergence) {
      lost.add(actor);
      divergences.push(divergence);
      continue;
    }
    steps += 1;
    const step = { key, life, record: line.record(), before, after: standing(actor.snapshot()) };
    for (const { name, look } of watches) {
      const what = look(step);
      if (what !== undefined) violations.push({ invariant: name, what, key, seq, line: number });
    }
  }
  return { steps, violations, divergences };

  function actorIn(key: string, life: number, number: number): ActorReplay {
    const known = current.get(key);
    if (known?.life === life) return known.actor;
    try {
      const actor = actorReplay(keyFrom(key, KINDS), stage);
      current.set(key, { life, actor });
      return actor;
    } catch (error) {
      throw badFile(source.name, number, failureOf(error, 'journal').message);
    }
  }
}

/** What came of it, for people: a line, and one for each violation below it. */
export function judgedLines(
  name: string,
  { steps, violations, divergences }: Judged
): readonly string[] {
  const { length } = violations;
  const count = length === 0 ? 'all holds' : `${length} violation${length === 1 ? '' : 's'}`;
  const [first] = divergences;
  const others =
    first === undefined
      ? ''
      : `, not behind record ${first.seq} of ${first.key}, which these charts take otherwise`;
  return [
    `${name}: ${count} (${steps} records${others})`,
    ...violations.map(
      ({ invariant, what, key, seq, line }) =>
        `  ${invariant}: ${what}  record ${seq} of ${key}, line ${line}`
    )
  ];
}

function standing({ value, context }: AnyMachineSnapshot): Standing {
  return { state: stateText(value as Json), context: context as JsonObject };
}
