import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type InspectionEvent
} from 'xstate';
import { transitionId } from '../../charts/parts.ts';
import { candidatesOf, type Candidate } from '../../machines/candidates.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { changesBetween, type Change } from './diff.ts';
import { idOf, kindOf, type Machines, type Recorded } from './records.ts';

/** What one record did to its actor, as the chart of this version tells it. */
export interface Step {
  readonly seq: number;
  /** State before and after; as recorded where the chart could not be followed. */
  readonly before: Json;
  readonly after: Json;
  /** Ids of the transitions that were taken, in order; as of `transitionId`. */
  readonly taken: readonly string[];
  /** What it remembers afterwards; `null` where that is not known. */
  readonly context: JsonObject | null;
  readonly changes: readonly Change[];
  /** The chart of this version leads elsewhere; why it is not known when it could not be followed. */
  readonly diverged: string | null;
}

/** The life of one actor, replayed. */
export interface Life {
  readonly steps: readonly Step[];
  /** For an event that comes after so many records, 0: before the first. */
  candidatesAt(count: number, event: { readonly type: string } | null): readonly Candidate[];
}

/**
 * Follows an actor's records with its chart, effects left out.
 *
 * What the chart says counts as long as it leads where the record says. From a record on where it
 * does not, only what was recorded is told; the records after it are followed from nowhere.
 *
 * @param records of one key, in their order
 */
export function lifeOf(records: readonly Recorded[], machines: Machines): Life {
  const [first] = records;
  const entry = first && machines[kindOf(first.key)];
  if (first === undefined || entry === undefined) {
    return recordedLife(records, 'this version has no chart of that name');
  }
  const actor = followed(entry.machine, entry.input(idOf(first.key)), first);
  if (actor === undefined) return recordedLife(records, 'the records before the first are gone');
  const snapshots: (AnyMachineSnapshot | undefined)[] = [];
  const steps: Step[] = [];
  let reason: string | null = null;
  for (const record of records) {
    const known = steps.length === 0 || reason === null ? actor.snapshot() : undefined;
    const before = steps.at(-1)?.after ?? (known?.value as Json | undefined) ?? null;
    snapshots.push(known);
    const taken = reason === null ? actor.take(record) : [];
    reason ??= faultOf(actor.snapshot(), record);
    const context = reason === null ? contextOf(actor.snapshot()) : null;
    steps.push({
      ...{ seq: record.seq, before, after: record.value, context, diverged: reason },
      taken: reason === null ? taken : [],
      changes: context && known ? changesBetween(contextOf(known), context) : []
    });
  }
  snapshots.push(reason === null ? actor.snapshot() : undefined);
  actor.stop();
  return {
    steps,
    candidatesAt(count, event) {
      const snapshot = snapshots[count];
      return snapshot === undefined ? [] : candidatesOf(snapshot, event);
    }
  };
}

interface Followed {
  /** @returns ids of the transitions that the chart took */
  take(record: Recorded): readonly string[];
  snapshot(): AnyMachineSnapshot;
  stop(): void;
}

/** @returns `undefined` when nothing is known of it before its first record */
function followed(machine: AnyStateMachine, input: unknown, first: Recorded): Followed | undefined {
  const { seq, snapshot } = first;
  if (seq > 1 && snapshot === undefined) return undefined;
  const taken: string[] = [];
  const inspect = (seen: InspectionEvent) => {
    if (seen.type === '@xstate.microstep') taken.push(...seen._transitions.map(idOfTransition));
  };
  // A persisted snapshot is plain data; XState types it by its machine.
  const begin = seq > 1 ? { snapshot: snapshot as never } : {};
  const actor = createActor(machine, { input, inspect, ...begin });
  // Without an observer an error in a guard or an action would end up with the host.
  actor.subscribe({ error: () => undefined });
  actor.start();
  return {
    take(record) {
      taken.length = 0;
      // The snapshot is that of after the first record.
      if (record !== first || seq === 1) actor.send(record.event);
      return [...taken];
    },
    snapshot: () => actor.getSnapshot() as AnyMachineSnapshot,
    stop: () => actor.stop()
  };
}

function faultOf(snapshot: AnyMachineSnapshot, record: Recorded): string | null {
  if (snapshot.status === 'error') {
    const { error } = snapshot;
    return `the chart of this version failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (JSON.stringify(snapshot.value) === JSON.stringify(record.value)) return null;
  return `the chart of this version leads to ${stateText(snapshot.value as Json)}`;
}

/** What was recorded, where the chart can't be followed. */
function recordedLife(records: readonly Recorded[], diverged: string): Life {
  const steps = records.map((record, index) => ({
    seq: record.seq,
    before: records[index - 1]?.value ?? null,
    after: record.value,
    taken: [],
    context: null,
    changes: [],
    diverged
  }));
  return { steps, candidatesAt: () => [] };
}

function contextOf({ context }: AnyMachineSnapshot): JsonObject {
  return isJsonObject(context) ? context : {};
}

function idOfTransition(transition: AnyTransitionDefinition): string {
  const source = transition.source as AnyStateNode;
  const event = transition.eventType === '' ? null : (transition.eventType as string);
  const list = event === null ? source.always : source.transitions.get(event);
  return transitionId(source.id, event, list?.indexOf(transition as never) ?? -1);
}

/** `tearingDown.detaching.deleting`; regions of a parallel state with commas between them. */
export function stateText(value: Json): string {
  if (typeof value === 'string') return value;
  if (!isJsonObject(value)) return '';
  return Object.entries(value)
    .map(([key, inner]) => {
      const within = stateText(inner);
      return within === '' ? key : `${key}.${within}`;
    })
    .join(', ');
}

/** Ids of all states that are active by a state value, the machine's first. */
export function activeStates(machine: string, value: Json): readonly string[] {
  return [machine, ...activeWithin(machine, value)];
}

function activeWithin(parent: string, value: Json): readonly string[] {
  if (typeof value === 'string') return [`${parent}.${value}`];
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const id = `${parent}.${key}`;
    return [id, ...activeWithin(id, inner)];
  });
}
