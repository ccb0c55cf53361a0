import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import type { EffectRequest } from '../bus/requests.ts';

/** A state to rest in, with what XState works out anew each time a chart comes to it or leaves it. */
export interface Place {
  /**
   * A snapshot that rests here, of the same machine as one that is active.
   *
   * One for all, and all with their fields in the same order: what is copied of few shapes is
   * copied fifty times as fast.
   */
  restingAs(active: AnyMachineSnapshot): AnyMachineSnapshot;
  /** Transitions that an event may take from here, those of the innermost state first. */
  on(type: string): readonly Way[];
  /** Those that need no event. */
  always(): readonly Way[];
}

/** A transition as it is taken from one place. */
export interface Way {
  readonly guard: Guard | undefined;
  /** Of the states that are left, of the transition and of the states that are entered, in this order. */
  readonly deeds: readonly Deed[];
  to(): Place;
  /** Whether it goes anywhere or does anything itself: one that does not only keeps the event from outer states. */
  readonly means: boolean;
  /** Whether it changes neither place nor context: XState takes no second one then. */
  readonly changesNothing: boolean;
}

/** What guards and actions are called with, and what they give. */
export type Expression<Answer> = (args: Args, params: unknown) => Answer;

export interface Args {
  readonly context: object;
  readonly event: { readonly type: string };
}

interface WithParams {
  /** A value, or what makes it of context and event. */
  readonly params: unknown;
}

export interface Guard extends WithParams {
  readonly test: Expression<boolean>;
}

export type Deed = Assign | Emit;

export interface Assign extends WithParams {
  readonly assignment: Expression<object> | Readonly<Record<string, unknown>>;
}

export interface Emit extends WithParams {
  readonly request: Expression<EffectRequest> | EffectRequest;
}

export interface ChartPlan {
  /** @throws Error when more than one state is active at a time */
  placeOf(nodes: readonly AnyStateNode[]): Place;
}

/**
 * The ways through a chart: which states each transition leaves and enters, and what is done on the way.
 *
 * For charts of plain states: one active at a time, named guards, and actions that assign or
 * emit. Each function throws for anything else, which is left to XState then.
 */
export function chartPlan(machine: AnyStateMachine): ChartPlan {
  const { guards, actions } = machine.implementations;
  const places = new Map<AnyStateNode, Place>();
  return { placeOf: (nodes) => placeAt(nodes.find(({ type }) => type === 'atomic')) };

  function placeAt(leaf: AnyStateNode | undefined): Place {
    const known = leaf && places.get(leaf);
    if (known !== undefined) return known;
    const place = makePlace(leaf ?? notPlain('no state to rest in'));
    places.set(leaf!, place);
    return place;
  }

  function makePlace(leaf: AnyStateNode): Place {
    const inward = [leaf, ...ancestorsOf(leaf)];
    inward.forEach(requirePlain);
    const byEvent = new Map<string, readonly Way[]>();
    let eventless: readonly Way[] | undefined;
    let resting: AnyMachineSnapshot | undefined;
    return {
      restingAs: (active) => (resting ??= restingIn(active, leaf, inward)),
      on(type) {
        const known = byEvent.get(type);
        if (known !== undefined) return known;
        const ways = waysOf(inward.flatMap((node) => node.transitions.get(type) ?? []));
        byEvent.set(type, ways);
        return ways;
      },
      always: () => (eventless ??= waysOf(inward.flatMap((node) => node.always ?? [])))
    };

    function waysOf(transitions: readonly Transition[]): readonly Way[] {
      return transitions.map((transition) => wayFrom(leaf, transition));
    }
  }

  function wayFrom(leaf: AnyStateNode, transition: Transition): Way {
    const { left, entered } = passage(leaf, transition);
    const deeds = [
      ...left.flatMap(({ exit }) => exit),
      ...transition.actions,
      ...entered.flatMap(({ entry }) => entry)
    ].map(deedOf);
    const target = entered.at(-1) ?? leaf;
    const changesNothing = target === leaf && !deeds.some((deed) => 'assignment' in deed);
    return {
      guard: transition.guard === undefined ? undefined : guardOf(transition.guard),
      deeds,
      to: () => placeAt(target),
      means: transition.target !== undefined || transition.actions.length > 0,
      changesNothing
    };
  }

  function guardOf(named: unknown): Guard {
    const { type, params } = nameOf(named);
    const test: unknown = guards[type];
    if (typeof test !== 'function' || 'check' in test) return notPlain(`guard ${type}`);
    return { test: test as Expression<boolean>, params };
  }

  function deedOf(named: unknown): Deed {
    const { type, params } = nameOf(named);
    const action = actions[type] as unknown as Record<string, unknown> | undefined;
    if (action?.['type'] === 'xstate.assign') {
      return { assignment: action['assignment'] as Assign['assignment'], params };
    }
    if (action?.['type'] === 'xstate.emit') {
      return { request: action['event'] as Emit['request'], params };
    }
    return notPlain(`action ${type}`);
  }
}

/** @param inward the leaf and what it stands in, the innermost first */
function restingIn(
  active: AnyMachineSnapshot,
  leaf: AnyStateNode,
  inward: readonly AnyStateNode[]
): AnyMachineSnapshot {
  const fields = {
    ...active,
    _nodes: inward.toReversed(),
    value: leaf.path.reduceRight<StateValue>(valueIn, ''),
    tags: new Set(inward.flatMap(({ tags }) => tags))
  };
  const inOrder = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(inOrder) as unknown as AnyMachineSnapshot;
}

type Transition = NonNullable<ReturnType<AnyStateNode['transitions']['get']>>[number];

/** States that are left, the innermost first, and those that are entered, the outermost first. */
function passage(
  leaf: AnyStateNode,
  { target, source, reenter }: Transition
): { readonly left: readonly AnyStateNode[]; readonly entered: readonly AnyStateNode[] } {
  const [aim, ...others] = target ?? [];
  if (aim === undefined) return { left: [], entered: [] };
  const stays = !reenter && (aim === source || isWithin(aim, source));
  const domain = stays
    ? source
    : (ancestorsOf(aim).find((one) => isWithin(source, one)) ?? notPlain('a way to the root'));
  if (others.length > 0) return notPlain('several targets');
  return {
    left: [leaf, ...ancestorsOf(leaf)].filter((one) => isWithin(one, domain)),
    entered: [aim, ...ancestorsOf(aim)]
      .filter((one) => isWithin(one, domain))
      .toReversed()
      .concat(initialsOf(aim))
  };
}

function initialsOf(node: AnyStateNode): AnyStateNode[] {
  if (node.type !== 'compound') return [];
  const [first] = node.initial.target as readonly AnyStateNode[];
  if (first === undefined) return notPlain(`${node.id} begins nowhere`);
  return [first, ...initialsOf(first)];
}

/** @throws Error when XState does more with the state than is worked out here */
function requirePlain(node: AnyStateNode): void {
  const { type, invoke, after, initial, transitions } = node;
  const isPlain =
    (type === 'atomic' || type === 'compound') &&
    invoke.length + after.length + initial.actions.length === 0 &&
    ![...transitions.keys()].some((descriptor) => descriptor.includes('*'));
  if (!isPlain) notPlain(node.id);
}

/** The proper ones, the innermost first. */
function ancestorsOf({ parent }: AnyStateNode): AnyStateNode[] {
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent)];
}

function isWithin(node: AnyStateNode, outer: AnyStateNode): boolean {
  return ancestorsOf(node).includes(outer);
}

function valueIn(inner: StateValue, key: string): StateValue {
  return inner === '' ? key : { [key]: inner };
}

function nameOf(named: unknown): { readonly type: string; readonly params: unknown } {
  if (typeof named === 'string') return { type: named, params: undefined };
  const { type, params } = named as { type?: unknown; params?: unknown };
  return typeof type === 'string' && typeof named === 'object'
    ? { type, params }
    : notPlain('something without a name');
}

function notPlain(what: string): never {
  throw new Error(`a chart is not plain: ${what}`);
}
