import type {
  AnyMachineSnapshot,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject
} from 'xstate';
import type { Json } from '../model/json.ts';

/** What a guard was asked, and what it said. */
export interface Asked {
  readonly guard: string;
  /** What of the event it was given; absent when it looks at none. */
  readonly params?: Json;
  readonly holds: boolean;
}

/** The transitions that a state has for an event, in the order they are tried in. */
export function transitionsOf(
  node: AnyStateNode,
  event: EventObject | null
): readonly AnyTransitionDefinition[] {
  return event === null ? (node.always ?? []) : (node.transitions.get(event.type) ?? []);
}

/** The states that a machine is in, from the innermost outwards. */
export function innermostFirst(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return snapshot._nodes.toSorted((a, b) => b.path.length - a.path.length);
}

/** Name and parameters of a guard as a machine's definition has them. */
export function guardIn({ guard }: AnyTransitionDefinition): Named | undefined {
  if (guard === undefined) return undefined;
  return (typeof guard === 'string' ? { type: guard } : guard) as Named;
}

/**
 * Asks a guard, as XState does.
 *
 * @param read what of the machine's memory it looks at is noted here, also when it throws
 * @throws what the guard throws
 */
export function askGuard(
  { type, params }: Named,
  {
    snapshot,
    event
  }: { readonly snapshot: AnyMachineSnapshot; readonly event: EventObject | null },
  read: Record<string, Json>
): Asked {
  const args = { context: noting(snapshot.context as object, read), event };
  const given = typeof params === 'function' ? (params as Params)(args) : params;
  const known = snapshot.machine.implementations.guards[type] as unknown as Guard;
  const holds = known(args, given);
  return { guard: type, ...(given !== undefined && { params: given as Json }), holds };
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
