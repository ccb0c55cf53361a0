import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** A machine as data: its states in document order, the root first. */
export interface ChartStructure {
  readonly id: string;
  readonly states: readonly ChartState[];
}

export interface ChartState {
  /** `container.creating.claiming`; the root's is that of the machine. */
  readonly id: string;
  /** Keys from below the root, `['creating', 'claiming']`. */
  readonly path: readonly string[];
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Id of the state entered first; `null` when it has none within. */
  readonly initial: string | null;
  readonly tags: readonly string[];
  readonly entry: readonly ChartAction[];
  readonly exit: readonly ChartAction[];
  readonly on: readonly ChartReaction[];
  /** Taken at once, without an event; the first whose guard holds. */
  readonly always: readonly ChartTransition[];
}

export interface ChartReaction {
  readonly event: string;
  /** The first whose guard holds is taken. */
  readonly candidates: readonly ChartTransition[];
}

export interface ChartTransition {
  /** Place among the candidates of its state and event, from 0. */
  readonly index: number;
  /** Ids; none means that the state is not left. */
  readonly targets: readonly string[];
  readonly guard: ChartGuard | null;
  readonly actions: readonly ChartAction[];
  readonly reenter: boolean;
}

export interface ChartGuard {
  readonly type: string;
  /** Whether it looks at the event, not at the context alone. */
  readonly params: boolean;
}

export interface ChartAction extends ChartGuard {
  /** Whether it asks for an effect; the others only remember. */
  readonly asks: boolean;
}

/**
 * What a machine can do, as plain JSON in an order that does not change.
 *
 * @throws Error when a guard or an action is an inline function, which has no name to show
 */
export function structureOf(machine: AnyStateMachine): ChartStructure {
  return { id: machine.id, states: withDescendants(machine.root).map(stateOf) };
}

/** The structure as canonical JSON: two machines with the same text have the same chart. */
export function structureText(machine: AnyStateMachine): string {
  return JSON.stringify(structureOf(machine));
}

/**
 * The structure with the names of states, guards and actions replaced by numbers in the order
 * they come: two machines with the same text differ in names alone.
 */
export function shapeText(machine: AnyStateMachine): string {
  const numbers = new Map<string, number>();
  const numberOf = (kind: string, name: string): number => {
    const key = `${kind} ${name}`;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  };
  const NAMED: Readonly<Record<string, string>> = { targets: 'state', initial: 'state' };
  return JSON.stringify(structureOf(machine), (field, value: unknown) => {
    if (field === 'path') return undefined;
    if (field === 'guard' || field === 'entry' || field === 'exit' || field === 'actions') {
      return unnamed(value, (name) => numberOf(field === 'guard' ? 'guard' : 'action', name));
    }
    if (field === 'id') return numberOf('state', value as string);
    const kind = NAMED[field];
    if (kind === undefined || value === null) return value;
    if (typeof value === 'string') return numberOf(kind, value);
    return (value as readonly string[]).map((name) => numberOf(kind, name));
  });
}

/** Guards and actions with numbers in place of their names. */
function unnamed(words: unknown, numberOf: (name: string) => number): unknown {
  if (words === null) return null;
  const all = (Array.isArray(words) ? words : [words]) as readonly ChartGuard[];
  return all.map(({ type, ...rest }) => [numberOf(type), rest]);
}

function withDescendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(withDescendants)];
}

function stateOf(node: AnyStateNode): ChartState {
  return {
    id: node.id,
    path: node.path,
    type: node.type,
    initial: node.type === 'compound' ? (node.initial.target[0]?.id ?? null) : null,
    tags: node.tags,
    entry: node.entry.map((action) => actionOf(action, node)),
    exit: node.exit.map((action) => actionOf(action, node)),
    on: [...node.transitions].map(([event, candidates]) => ({
      event,
      candidates: candidates.map(transitionOf)
    })),
    always: (node.always ?? []).map(transitionOf)
  };
}

function transitionOf(transition: AnyTransitionDefinition, index: number): ChartTransition {
  const { target, guard, actions, reenter, source } = transition;
  return {
    index,
    targets: (target ?? []).map(({ id }) => id),
    guard: guard === undefined ? null : wordOf(guard, source),
    actions: actions.map((action) => actionOf(action, source)),
    reenter
  };
}

function actionOf(action: unknown, node: AnyStateNode): ChartAction {
  const word = wordOf(action, node);
  const known = node.machine.implementations.actions[word.type] as { type?: string } | undefined;
  return { ...word, asks: known?.type === 'xstate.emit' };
}

function wordOf(word: unknown, node: AnyStateNode): ChartGuard {
  if (typeof word === 'string') return { type: word, params: false };
  if (typeof word !== 'object' || word === null || !('type' in word)) {
    throw new Error(`${node.id} has an inline guard or action, which has no name to show`);
  }
  return { type: String(word.type), params: 'params' in word && word.params !== undefined };
}
