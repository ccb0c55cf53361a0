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
import { askGuard, guardIn, innermostFirst, transitionsOf } from '../machines/guard.ts';
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
  const answers: Answer[] = [];
  for (const node of innermostFirst(snapshot)) {
    for (const transition of transitionsOf(node, event)) {
      const answer = answerOf(transition, snapshot, event);
      answers.push(answer);
      if (answer.answer !== false) return answers;
    }
  }
  return answers;
}

function answerOf(
  transition: AnyTransitionDefinition,
  snapshot: AnyMachineSnapshot,
  event: EventObject | null
): Answer {
  const targets = (transition.target ?? []).map(({ id }) => id);
  const where = { ...candidateOf(transition), targets };
  const guard = guardIn(transition);
  if (guard === undefined) return { ...where, answer: null, guard: null, read: {} };
  const read: Record<string, Json> = {};
  const { holds, ...asked } = askGuard(guard, { snapshot, event }, read);
  return { ...where, answer: holds, ...asked, read };
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
