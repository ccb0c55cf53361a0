// A chart that is too big for one picture: a map of its states, and a picture of each within.
import type { ChartState, ChartStructure, ChartTransition } from '../machines/structure.ts';

/** What a picture shows of a machine: the machine itself, or a part of it. */
export interface Picture {
  /** Of its file, without the end: `container-creating`. */
  readonly name: string;
  /** Key of the state whose inside is shown; `null`: the machine as a whole. */
  readonly key: string | null;
  readonly structure: PictureStructure;
}

export interface PictureStructure {
  readonly id: string;
  readonly states: readonly PictureState[];
  /** Transitions from one state to another are one arrow, with all that leads along it. */
  readonly merges: boolean;
}

export interface PictureState extends Omit<ChartState, 'on' | 'always'> {
  readonly on: readonly {
    readonly event: string;
    readonly candidates: readonly PictureTransition[];
  }[];
  readonly always: readonly PictureTransition[];
  /** It has states within that another picture shows. */
  readonly isClosed?: boolean;
  /** It is only named; another picture shows it. */
  readonly isElsewhere?: boolean;
}

export interface PictureTransition extends ChartTransition {
  /** The transitions of the machine that it stands for. */
  readonly ids: readonly string[];
  /** It stands for several, and nothing is written on it. */
  readonly isBare?: boolean;
}

/** `container.up container.down 0`: one transition among all of a machine. */
export function transitionId(state: string, event: string | null, index: number): string {
  return `${state} ${event ?? 'always'} ${index}`;
}

/**
 * The pictures of a machine, each as a structure to be laid out.
 *
 * A machine whose states have none within is one picture. Else the first shows the states of
 * the top level closed, and the others one of them each, with those it leads to.
 */
export function picturesOf(structure: ChartStructure): readonly Picture[] {
  const { id, states } = identified(structure);
  const composites = states.filter(({ path, type }) => path.length === 1 && isComposite(type));
  if (composites.length === 0) {
    return [{ name: id, key: null, structure: { id, states, merges: false } }];
  }
  const within = composites.map((state) => {
    const key = state.path[0]!;
    return { name: `${id}-${key}`, key, structure: detailOf({ id, states }, state) };
  });
  return [{ name: id, key: null, structure: mapOf({ id, states }) }, ...within];
}

/** The whole machine as one picture. */
export function wholeOf(structure: ChartStructure): Picture {
  const { id, states } = identified(structure);
  return { name: `${id}-all`, key: null, structure: { id, states, merges: true } };
}

interface Identified {
  readonly id: string;
  readonly states: readonly PictureState[];
}

function identified({ id, states }: ChartStructure): Identified {
  return {
    id,
    states: states.map((state) => ({
      ...state,
      on: state.on.map(({ event, candidates }) => ({
        event,
        candidates: candidates.map((one) => named(one, state.id, event))
      })),
      always: state.always.map((one) => named(one, state.id, null))
    }))
  };
}

function named(one: ChartTransition, state: string, event: string | null): PictureTransition {
  return { ...one, ids: [transitionId(state, event, one.index)] };
}

function isComposite(type: ChartState['type']): boolean {
  return type === 'compound' || type === 'parallel';
}

function mapOf({ id, states }: Identified): PictureStructure {
  const [root, ...below] = states;
  const lift = lifter(states);
  const top = below.filter(({ path }) => path.length === 1).map((state) => closed(state, states));
  return { id, merges: true, states: [withTransitions(root!, (one) => lifted(one, lift)), ...top] };
}

// What leaves it from within leaves the box, unlabelled: its own picture says when.
function closed(state: PictureState, states: readonly PictureState[]): PictureState {
  const lift = lifter(states);
  const inner = states.filter((other) => other.path.length > 1 && isWithin(other, state));
  const left = new Map<string, string[]>();
  for (const { targets, ids } of inner.flatMap(transitionsOf)) {
    for (const target of targets.map(lift)) {
      if (target !== state.id) left.set(target, [...(left.get(target) ?? []), ...ids]);
    }
  }
  // What leads from it to itself or to within does not leave the box.
  const outside = (transition: PictureTransition) => {
    const { targets, ...rest } = lifted(transition, lift);
    return { ...rest, targets: targets.filter((target) => target !== state.id) };
  };
  return {
    ...state,
    type: isComposite(state.type) ? 'atomic' : state.type,
    initial: null,
    on: state.on.map((reaction) => ({
      ...reaction,
      candidates: reaction.candidates.map(inner.length > 0 ? outside : (one) => lifted(one, lift))
    })),
    always: [
      ...state.always.map(inner.length > 0 ? outside : (one) => lifted(one, lift)),
      ...[...left].map(([target, ids]) => bare(target, ids))
    ],
    isClosed: inner.length > 0
  };
}

function detailOf({ id, states }: Identified, shown: PictureState): PictureStructure {
  const lift = lifter(states);
  const inside = states.filter((state) => isWithin(state, shown));
  const ids = new Set(inside.map((state) => state.id));
  const near = (target: string) => (ids.has(target) ? target : lift(target));
  const own = inside.map((state) => withTransitions(state, (one) => lifted(one, near)));
  const leadsTo = own.flatMap(transitionsOf).flatMap(({ targets }) => targets);
  const others = states.filter(({ path }) => path.length === 1 && path[0] !== shown.path[0]);
  const around = others.flatMap((state) => {
    const into = sidewaysInto(state, { states, ids, shown });
    const isNear = leadsTo.includes(state.id) || transitionsOf(into).length > 0;
    return isNear ? [{ ...stub(state), ...into }] : [];
  });
  const root = { ...states[0]!, initial: null, on: [], always: [] };
  return { id, merges: true, states: [root, ...own, ...around] };
}

interface Shown {
  readonly states: readonly PictureState[];
  readonly ids: ReadonlySet<string>;
  readonly shown: PictureState;
}

// Transitions of a state, or from within it, that enter the shown one elsewhere than at its dot.
function sidewaysInto(
  from: PictureState,
  { states, ids, shown }: Shown
): Pick<PictureState, 'on' | 'always'> {
  const enters = ({ targets }: PictureTransition) =>
    targets.some((id) => ids.has(id) && id !== shown.id);
  const all = states.filter((state) => isWithin(state, from));
  return {
    on: all.flatMap(({ on }) =>
      on.map((one) => ({ ...one, candidates: one.candidates.filter(enters) }))
    ),
    always: all.flatMap(({ always }) => always.filter(enters))
  };
}

function withTransitions(
  state: PictureState,
  change: (transition: PictureTransition) => PictureTransition
): PictureState {
  return {
    ...state,
    on: state.on.map((reaction) => ({ ...reaction, candidates: reaction.candidates.map(change) })),
    always: state.always.map(change)
  };
}

/** Another state that is only named. */
function stub(state: PictureState): PictureState {
  return {
    ...state,
    type: isComposite(state.type) ? 'atomic' : state.type,
    initial: null,
    tags: [],
    entry: [],
    exit: [],
    on: [],
    always: [],
    isElsewhere: true
  };
}

function bare(target: string, ids: readonly string[]): PictureTransition {
  const nothing = { guard: null, actions: [], reenter: false };
  return { index: 0, targets: [target], ...nothing, ids, isBare: true };
}

function lifted(transition: PictureTransition, lift: (id: string) => string): PictureTransition {
  return { ...transition, targets: transition.targets.map(lift) };
}

/** The state of the top level that an id belongs to. */
function lifter(states: readonly PictureState[]): (target: string) => string {
  return (target) => {
    const key = states.find(({ id }) => id === target)?.path[0];
    const top = states.find(({ path }) => path.length === 1 && path[0] === key);
    return top?.id ?? target;
  };
}

function transitionsOf({
  on,
  always
}: Pick<PictureState, 'on' | 'always'>): readonly PictureTransition[] {
  return [...always, ...on.flatMap(({ candidates }) => candidates)];
}

function isWithin({ path }: PictureState, outer: PictureState): boolean {
  return outer.path.every((key, index) => path[index] === key);
}
