import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type EventObject
} from 'xstate';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Json } from '../model/json.ts';

/** One candidate of a chart, as it is found in its structure. */
export interface Candidate {
  /** Id of the state it stands in, `container.creating`. */
  readonly source: string;
  /** `''` for one that is taken at once. */
  readonly event: string;
  /** Place among the candidates of its state and event, from 0. */
  readonly index: number;
}

/** A candidate that was looked at, and what its guard said. */
export interface Answer extends Candidate {
  /** `null` when there is no guard to ask. */
  readonly answer: boolean | null;
  readonly guard: string | null;
  /** What of the event the guard was given; absent when it looks at none. */
  readonly params?: Json;
  /** What of its memory the guard looked at. */
  readonly read: Readonly<Record<string, Json>>;
  /** Ids of the states it leads to; none means that the state is not left. */
  readonly targets: readonly string[];
}

/** What one event makes of a snapshot, looked at from within. */
export interface Step {
  readonly after: AnyMachineSnapshot;
  readonly requests: readonly EffectRequest[];
  /** Every candidate that was looked at, in the order they were. */
  readonly answers: readonly Answer[];
  /** Those that XState itself reports to have taken. */
  readonly taken: readonly Candidate[];
}

/** Takes one event, noting every guard that is asked. Many times slower than `send`: for explanations. */
export function stepOf(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: MooringEvent
): Step {
  const requests: EffectRequest[] = [];
  const taken: Candidate[] = [];
  const answers = answersTo(before, event);
  const actor = createActor(machine, {
    snapshot: before,
    inspect: (seen) => {
      if (seen.type !== '@xstate.microstep') return;
      taken.push(...seen._transitions.map(candidateOf));
      answers.push(...answersTo(seen.snapshot as AnyMachineSnapshot, null));
    }
  });
  actor.on('*', (request) => requests.push(request as EffectRequest));
  actor.subscribe({ error: () => undefined });
  actor.start().send(event);
  const after = actor.getSnapshot() as AnyMachineSnapshot;
  actor.stop();
  return { after, requests, answers, taken };
}

// Asks the guards as XState does: from the innermost state outwards, up to the first that holds.
function answersTo(snapshot: AnyMachineSnapshot, event: EventObject | null): Answer[] {
  const inner = snapshot._nodes.toSorted((a, b) => b.path.length - a.path.length);
  const answers: Answer[] = [];
  for (const node of inner) {
    const candidates =
      event === null ? (node.always ?? []) : (node.transitions.get(event.type) ?? []);
    for (const candidate of candidates) {
      const answer = answerOf(candidate, snapshot, event);
      answers.push(answer);
      if (answer.answer !== false) return answers;
    }
  }
  return answers;
}

function answerOf(
  candidate: AnyTransitionDefinition,
  snapshot: AnyMachineSnapshot,
  event: unknown
): Answer {
  const targets = (candidate.target ?? []).map(({ id }) => id);
  const where = { ...candidateOf(candidate), targets };
  const { guard } = candidate;
  if (guard === undefined) return { ...where, answer: null, guard: null, read: {} };
  const { type, params } = (typeof guard === 'string' ? { type: guard } : guard) as {
    readonly type: string;
    readonly params?: unknown;
  };
  const read: Record<string, Json> = {};
  const args = { context: noting(snapshot.context as object, read), event };
  const given = typeof params === 'function' ? (params as Params)(args) : params;
  const known = snapshot.machine.implementations.guards[type] as unknown as Guard;
  const answer = known(args, given);
  const asked = given === undefined ? {} : { params: given as Json };
  return { ...where, answer, guard: type, ...asked, read };
}

type Params = (args: unknown) => unknown;
type Guard = (args: unknown, params: unknown) => boolean;

/** The same object, which notes what is read of it. */
function noting(context: object, read: Record<string, Json>): object {
  return new Proxy(context, {
    get(target, field) {
      const value: unknown = Reflect.get(target, field);
      if (typeof field === 'string') read[field] = value as Json;
      return value;
    }
  });
}

function candidateOf(candidate: AnyTransitionDefinition): Candidate {
  const { source, eventType } = candidate as { source: AnyStateNode; eventType: string };
  const list = eventType === '' ? source.always : source.transitions.get(eventType);
  return {
    source: source.id,
    event: eventType,
    index: list?.indexOf(candidate as never) ?? -1
  };
}
