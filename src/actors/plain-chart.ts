import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition
} from 'xstate';
import { wordsOf, type Surroundings, type Work } from './chart-words.ts';
import { ancestorsOf, innermost, isPlain, withDescendants } from './plain-states.ts';

/** What takes a plain chart from one snapshot to the next; `undefined` where XState itself has to. */
export interface PlainChart {
  begin(input: unknown): AnyMachineSnapshot | undefined;
  /** @param persisted as `getPersistedSnapshot` gave it */
  restore(persisted: AnyMachineSnapshot): AnyMachineSnapshot | undefined;
  step(
    snapshot: AnyMachineSnapshot,
    event: { readonly type: string }
  ): AnyMachineSnapshot | undefined;
}

/** Where a plain chart may stand: one state without states in it. */
interface Place {
  /** From the state itself up to the root. */
  readonly nodes: readonly AnyStateNode[];
  /** All of a snapshot but its context. */
  readonly template: AnyMachineSnapshot;
  readonly moves: Map<AnyTransitionDefinition, Move>;
}

/** What a transition comes to from one place: of all that XState works out for it, all that is no context. */
interface Move {
  readonly work: readonly Work[];
  readonly to: Place;
}

/**
 * The same as XState's own `transition`, for charts that use no more of it than ours do: states in
 * states, one target, guards and actions that have names, `assign` and `emit`.
 *
 * XState finds out for each event what is left and entered, and for each action what value and tags
 * a snapshot has. With one state active at a time that follows from where it stands and which
 * transition it takes, and is worked out once. What throws here is left to XState, for its own words.
 *
 * @returns `undefined` when the chart uses more
 */
export function plainChartOf(
  machine: AnyStateMachine,
  surroundings: Surroundings
): PlainChart | undefined {
  const words = wordsOf(machine, surroundings);
  const nodes = withDescendants(machine.root);
  if (words === undefined || !nodes.every(isPlain)) return undefined;
  const { holds, performed, worksOf } = words;
  const most = machine.options?.maxIterations ?? Infinity;
  const places = new Map<AnyStateNode, Place>();
  const placesByNodes = new WeakMap<readonly AnyStateNode[], Place>();

  return {
    begin: (input) =>
      orXState(() => {
        const to = placeOf(innermost(machine.root));
        const event = { type: 'xstate.init', input };
        const { context } = machine.config as { readonly context?: object | Initial };
        const given: object =
          typeof context === 'function'
            ? (context as Initial)({ ...surroundings, input })
            : (context ?? {});
        const entered = to.nodes.toReversed().flatMap(({ entry }) => worksOf(entry));
        const first = {
          ...to.template,
          context: performed(entered, { ...given }, event)
        };
        return atRest(first as AnyMachineSnapshot, to, event);
      }),

    restore({ status, value, context, children, historyValue }: Persisted) {
      const place = placeAt(value);
      if (place === undefined || status !== 'active') return undefined;
      if (hasKeys(children) || hasKeys(historyValue)) return undefined;
      return { ...place.template, context } as AnyMachineSnapshot;
    },

    step: (snapshot, event) =>
      orXState(() => {
        const place = placeIn(snapshot);
        if (place === undefined || event.type.startsWith('xstate.')) return undefined;
        const taken = reaction(place, snapshot, event);
        if (taken === undefined) return atRest(snapshot, place, event);
        const move = moveOf(place, taken);
        return atRest(moved(snapshot, place, move, event), move.to, event);
      })
  };

  /** What a snapshot has for `can`. */
  function canOf(byXState: AnyMachineSnapshot['can']): AnyMachineSnapshot['can'] {
    return function can(this: AnyMachineSnapshot, event: { readonly type: string }): boolean {
      const answer = orXState(() => {
        const place = placeIn(this);
        if (place === undefined || event.type.startsWith('xstate.')) return undefined;
        const taken = reaction(place, this, event);
        return taken !== undefined && (taken.target !== undefined || taken.actions.length > 0);
      });
      return answer ?? byXState.call(this, event);
    };
  }

  function placeIn({ _nodes, value }: AnyMachineSnapshot): Place | undefined {
    return placesByNodes.get(_nodes) ?? placeAt(value);
  }

  function reaction(
    place: Place,
    snapshot: AnyMachineSnapshot,
    event: { readonly type: string }
  ): AnyTransitionDefinition | undefined {
    return candidate(place, ({ transitions }) => transitions.get(event.type), snapshot, event);
  }

  /** Takes what needs no event, until there is nothing more of it. */
  function atRest(
    from: AnyMachineSnapshot,
    at: Place,
    event: { readonly type: string }
  ): AnyMachineSnapshot {
    let [snapshot, place] = [from, at];
    for (let moves = 0; ; moves += 1) {
      if (moves >= most) throw new Error('it never comes to rest');
      const taken = candidate(place, ({ always }) => always, snapshot, event);
      if (taken === undefined) return snapshot;
      const move = moveOf(place, taken);
      const next = moved(snapshot, place, move, event);
      if (next === snapshot) return snapshot;
      [snapshot, place] = [next, move.to];
    }
  }

  /** The first, from the inside out, whose guard holds. */
  function candidate(
    { nodes: active }: Place,
    of: (node: AnyStateNode) => readonly AnyTransitionDefinition[] | undefined,
    { context }: AnyMachineSnapshot,
    event: { readonly type: string }
  ): AnyTransitionDefinition | undefined {
    for (const node of active) {
      for (const transition of of(node) ?? []) {
        if (transition.guard === undefined || holds(transition.guard, context, event))
          return transition;
      }
    }
    return undefined;
  }

  function moved(
    snapshot: AnyMachineSnapshot,
    from: Place,
    { work, to }: Move,
    event: { readonly type: string }
  ): AnyMachineSnapshot {
    const context = performed(work, snapshot.context as object, event);
    if (context === snapshot.context && from === to) return snapshot;
    return { ...to.template, context } as AnyMachineSnapshot;
  }

  function moveOf(place: Place, transition: AnyTransitionDefinition): Move {
    let move = place.moves.get(transition);
    if (move === undefined) place.moves.set(transition, (move = newMove(place, transition)));
    return move;
  }

  function newMove(place: Place, { source, target, actions }: AnyTransitionDefinition): Move {
    const [wanted] = target ?? [];
    if (wanted === undefined) return { work: worksOf(actions), to: place };
    const to = placeOf(innermost(wanted));
    const domain = [wanted, ...ancestorsOf(wanted)].find((node) =>
      node === source ? true : node !== wanted && ancestorsOf(source).includes(node)
    )!;
    const isBelow = (node: AnyStateNode): boolean => ancestorsOf(node).includes(domain);
    const left = place.nodes.filter(isBelow);
    const entered = to.nodes.filter(isBelow).toReversed();
    return {
      to,
      work: [
        ...left.flatMap(({ exit }) => worksOf(exit)),
        ...worksOf(actions),
        ...entered.flatMap(({ entry }) => worksOf(entry))
      ]
    };
  }

  function placeOf(leaf: AnyStateNode): Place {
    let place = places.get(leaf);
    if (place === undefined) {
      const value = leaf.path.reduceRight<unknown>(
        (inner, key) => (inner === undefined ? key : { [key]: inner }),
        undefined
      );
      const resolved = machine.resolveState({
        value: value as string,
        context: {}
      }) as AnyMachineSnapshot;
      const template = Object.assign(resolved, { can: canOf(resolved.can) });
      place = { nodes: [leaf, ...ancestorsOf(leaf)], template, moves: new Map() };
      places.set(leaf, place);
      placesByNodes.set(template._nodes, place);
    }
    return place;
  }

  function placeAt(value: unknown): Place | undefined {
    let [node, rest]: [AnyStateNode | undefined, unknown] = [machine.root, value];
    while (node !== undefined && typeof rest === 'object' && rest !== null) {
      const entries: [string, unknown][] = Object.entries(rest);
      if (entries.length !== 1) return undefined;
      const [[key, inner]] = entries as [[string, unknown]];
      [node, rest] = [node.states[key], inner];
    }
    const leaf = typeof rest === 'string' ? node?.states[rest] : undefined;
    return leaf?.type === 'atomic' ? placeOf(leaf) : undefined;
  }
}

type Initial = (given: object) => object;

/** What is known of a snapshot that was persisted. */
type Persisted = Readonly<
  Record<'status' | 'value' | 'context', unknown> &
    Record<'children' | 'historyValue', object | undefined>
>;

function orXState<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function hasKeys(value: object | undefined): boolean {
  return value !== undefined && Object.keys(value).length > 0;
}
