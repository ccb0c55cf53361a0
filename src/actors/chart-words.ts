import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** What XState gives to guards and actions beside context and event. */
export interface Surroundings {
  readonly self: unknown;
  readonly system: unknown;
  readonly spawn: () => never;
  /** Where a chart emits to. */
  readonly emit: (emitted: unknown) => void;
}

/** An action as a transition or a state has it, with what its name stands for. */
export interface Work {
  readonly assigns: Assigner | undefined;
  readonly emits: ((args: object, params: unknown) => unknown) | undefined;
  readonly params: unknown;
}

type Assign = (args: object, params: unknown) => object;
/** One function for all, or a value or function for each field. */
type Assigner = Assign | readonly (readonly [field: string, value: unknown])[];

interface Event {
  readonly type: string;
}

/** Guards and actions of a chart, called as XState calls them. */
export interface Words {
  /** @throws what the guard throws */
  holds(guard: unknown, context: unknown, event: Event): boolean;
  /** @returns the context after them, the same one when nothing is assigned */
  performed(work: readonly Work[], context: object, event: Event): object;
  worksOf(actions: readonly unknown[]): readonly Work[];
}

type Named = string | { readonly type: string; readonly params?: unknown };

/** @returns `undefined` when an action or a guard is none that has a name, or does another thing than assign or emit */
export function wordsOf(machine: AnyStateMachine, surroundings: Surroundings): Words | undefined {
  const { actions, guards } = machine.implementations as Record<
    'actions' | 'guards',
    Readonly<Record<string, unknown>>
  >;
  const known = new Map<unknown, Work>();
  for (const action of actionsOf(machine.root)) {
    const work = isNamed(action) ? workOf(action, actions[nameOf(action)]) : undefined;
    if (work === undefined) return undefined;
    known.set(action, work);
  }
  if (
    !guardsOf(machine.root).every((guard) => isNamed(guard) && isPredicate(guards[nameOf(guard)]))
  )
    return undefined;
  const { emit, self, system, spawn } = surroundings;

  return {
    holds(guard, context, event) {
      const { params } = typeof guard === 'string' ? { params: undefined } : (guard as Work);
      const predicate = guards[nameOf(guard as Named)] as Predicate;
      return predicate({ context, event }, paramsFor(params, context, event));
    },

    performed(works, before, event) {
      let context = before;
      for (const { assigns, emits, params } of works) {
        const args = { context, event, self, system, spawn };
        const asked = paramsFor(params, context, event);
        if (emits) emit(emits(args, asked));
        if (assigns) context = Object.assign({ ...context }, updateOf(assigns, args, asked));
      }
      return context;
    },

    worksOf: (wanted) => wanted.map((action) => known.get(action)!)
  };
}

type Predicate = (args: object, params: unknown) => boolean;

function updateOf(assigns: Assigner, args: object, params: unknown): object {
  if (typeof assigns === 'function') return assigns(args, params);
  const update: Record<string, unknown> = {};
  for (const [field, value] of assigns) {
    update[field] = typeof value === 'function' ? (value as Assign)(args, params) : value;
  }
  return update;
}

function paramsFor(params: unknown, context: unknown, event: Event): unknown {
  return typeof params === 'function'
    ? (params as (args: object) => unknown)({ context, event })
    : params;
}

function workOf(action: Named, implementation: unknown): Work | undefined {
  if (typeof implementation !== 'function') return undefined;
  const { type, assignment, event } = implementation as {
    readonly type?: string;
    readonly assignment?: Assign | Readonly<Record<string, unknown>>;
    readonly event?: unknown;
  };
  const params = typeof action === 'string' ? undefined : action.params;
  if (type === 'xstate.assign') {
    const assigns = typeof assignment === 'function' ? assignment : Object.entries(assignment!);
    return { assigns, emits: undefined, params };
  }
  if (type !== 'xstate.emit' || typeof event !== 'function') return undefined;
  return { assigns: undefined, emits: event as NonNullable<Work['emits']>, params };
}

function isNamed(word: unknown): word is Named {
  return typeof word === 'string' || (typeof word === 'object' && word !== null);
}

function isPredicate(implementation: unknown): boolean {
  return typeof implementation === 'function' && !('check' in implementation);
}

function nameOf(word: Named): string {
  return typeof word === 'string' ? word : word.type;
}

function actionsOf(node: AnyStateNode): unknown[] {
  const transitions = [...node.transitions.values(), node.always ?? []].flat();
  const own = [...node.entry, ...node.exit, ...transitions.flatMap(({ actions }) => actions)];
  return [...own, ...Object.values(node.states).flatMap(actionsOf)];
}

function guardsOf(node: AnyStateNode): unknown[] {
  const transitions = [...node.transitions.values(), node.always ?? []].flat();
  const own = transitions.flatMap(({ guard }) => (guard === undefined ? [] : [guard as unknown]));
  return [...own, ...Object.values(node.states).flatMap(guardsOf)];
}
