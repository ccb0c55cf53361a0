import type {
  AnyMachineSnapshot,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject
} from 'xstate';
import type { Json } from '../model/json.ts';

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
  const inner = snapshot._nodes.toSorted((a, b) => b.path.length - a.path.length);
  const settled = new Set<AnyStateNode>();
  const found: Candidate[] = [];
  for (const node of inner) {
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

function transitionsOf(
  node: AnyStateNode,
  event: EventObject | null
): readonly AnyTransitionDefinition[] {
  return event === null ? (node.always ?? []) : (node.transitions.get(event.type) ?? []);
}

interface Question {
  readonly transition: AnyTransitionDefinition;
  readonly index: number;
  readonly snapshot: AnyMachineSnapshot;
  readonly event: EventObject | null;
  readonly isOpen: boolean;
}

function asked({ transition, index, snapshot, event, isOpen }: Question): Candidate {
  const { source, target, guard } = transition;
  const place = {
    source: source.id,
    event: event?.type ?? null,
    index,
    targets: (target ?? []).map(({ id }) => id)
  };
  if (guard === undefined) {
    return { ...place, guard: null, read: {}, answer: isOpen ? 'taken' : 'unasked' };
  }
  const { type, params } = (typeof guard === 'string' ? { type: guard } : guard) as Named;
  const read: Record<string, Json> = {};
  try {
    const args = { context: noting(snapshot.context as object, read), event };
    const given = typeof params === 'function' ? (params as Params)(args) : params;
    const known = snapshot.machine.implementations.guards[type] as unknown as Guard;
    const holds = known(args, given);
    const told = given === undefined ? {} : { params: given as Json };
    const answer = !holds ? 'refused' : isOpen ? 'taken' : 'unasked';
    return { ...place, guard: type, ...told, read, answer };
  } catch (error) {
    const thrown = error instanceof Error ? error.message : String(error);
    return { ...place, guard: type, read, answer: 'failed', thrown };
  }
}

interface Named {
  readonly type: string;
  readonly params?: unknown;
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
