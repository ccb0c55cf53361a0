import type {
  AnyMachineSnapshot,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject
} from 'xstate';
import type { Json } from '../model/json.ts';
import { askGuard, guardIn, innermostFirst, transitionsOf } from './guard.ts';

/** A transition that an event may take, and what its guard says. */
export interface Candidate {
  /** Id of the state it stands in, `container.creating`. */
  readonly source: string;
  /** `null` for one that is taken at once. */
  readonly event: string | null;
  /** Place among the candidates of its state and event, from 0. */
  readonly index: number;
  /** Ids of the states it leads to; none means that the state is not left. */
  readonly targets: readonly string[];
  /** `null` when there is none. */
  readonly guard: string | null;
  /** What of the event the guard is given; absent when it looks at none. */
  readonly params?: Json;
  /** What of its memory the guard looked at. */
  readonly read: Readonly<Record<string, Json>>;
  /** `unasked`: one before it was taken, so it did not come to it. */
  readonly answer: 'taken' | 'refused' | 'unasked' | 'failed';
  /** What the guard threw, in one line. */
  readonly thrown?: string;
}

/**
 * Every transition that a machine could take by an event, from the innermost state outwards, which
 * is the order they are tried in.
 *
 * Of a state that several regions share, each region takes one.
 *
 * @param event `null`: those that are taken at once
 */
export function candidatesOf(
  snapshot: AnyMachineSnapshot,
  event: EventObject | null
): readonly Candidate[] {
  const settled = new Set<AnyStateNode>();
  const found: Candidate[] = [];
  for (const node of innermostFirst(snapshot)) {
    // What is within it has taken the event, and it is not asked any more.
    let isOpen = !settled.has(node);
    for (const [index, transition] of transitionsOf(node, event).entries()) {
      const candidate = asked({ transition, index, snapshot, event, isOpen });
      found.push(candidate);
      if (candidate.answer !== 'taken') continue;
      isOpen = false;
      for (let outer = node.parent; outer !== undefined; outer = outer.parent) settled.add(outer);
    }
  }
  return found;
}

interface Question {
  readonly transition: AnyTransitionDefinition;
  readonly index: number;
  readonly snapshot: AnyMachineSnapshot;
  readonly event: EventObject | null;
  readonly isOpen: boolean;
}

function asked({ transition, index, snapshot, event, isOpen }: Question): Candidate {
  const place = {
    source: transition.source.id,
    event: event?.type ?? null,
    index,
    targets: (transition.target ?? []).map(({ id }) => id)
  };
  const guard = guardIn(transition);
  if (guard === undefined) {
    return { ...place, guard: null, read: {}, answer: isOpen ? 'taken' : 'unasked' };
  }
  const read: Record<string, Json> = {};
  try {
    const { holds, ...told } = askGuard(guard, { snapshot, event }, read);
    const answer = !holds ? 'refused' : isOpen ? 'taken' : 'unasked';
    return { ...place, ...told, read, answer };
  } catch (error) {
    const thrown = error instanceof Error ? error.message : String(error);
    return { ...place, guard: guard.type, read, answer: 'failed', thrown };
  }
}
