import type {
  ChartAction,
  ChartGuard,
  ChartState,
  ChartStructure,
  ChartTransition
} from '../../src/machines/structure.ts';

/** A machine as nobody would write it, the same for the same seed. */
export function randomStructure(seed: number): ChartStructure {
  const random = generator(seed);
  const id = word(random);
  const states: Draft[] = [{ ...stateAt(random, id, [], 0), id, path: [] }];
  grow(random, states, states[0]!, 0);
  const ids = states.map((state) => state.id);
  return { id, states: states.map((state) => withTransitions(random, state, ids)) };
}

type Random = () => number;

type Draft = { -readonly [Key in keyof ChartState]: ChartState[Key] };

const DEPTH_MAX = 3;
const STATES_MAX = 10;

function grow(random: Random, states: Draft[], parent: Draft, depth: number): void {
  const count = depth === 0 ? 2 + below(random, 5) : below(random, 4);
  const children: Draft[] = [];
  for (let index = 0; index < count && states.length < STATES_MAX; index++) {
    const child = stateAt(random, parent.id, parent.path, index);
    children.push(child);
    states.push(child);
    if (depth + 1 < DEPTH_MAX && random() < 0.35) grow(random, states, child, depth + 1);
  }
  if (children.length === 0) return;
  const isParallel = children.length > 1 && random() < 0.2;
  parent.type = isParallel ? 'parallel' : 'compound';
  parent.initial = isParallel ? null : children[below(random, children.length)]!.id;
}

function stateAt(random: Random, parent: string, path: readonly string[], index: number): Draft {
  const key = `${word(random)}${index}`;
  return {
    id: `${parent}.${key}`,
    path: [...path, key],
    type: random() < 0.1 ? 'final' : 'atomic',
    initial: null,
    tags: random() < 0.3 ? ['busy'] : [],
    entry: actions(random, 0.4),
    exit: actions(random, 0.1),
    on: [],
    always: []
  };
}

function withTransitions(random: Random, state: ChartState, ids: readonly string[]): ChartState {
  if (state.type === 'final') return state;
  const events = Array.from({ length: below(random, 4) }, (_, index) => `${word(random)}.${index}`);
  return {
    ...state,
    on: events.map((event) => ({ event, candidates: candidates(random, ids) })),
    always: random() < 0.2 ? candidates(random, ids) : []
  };
}

function candidates(random: Random, ids: readonly string[]): readonly ChartTransition[] {
  return Array.from({ length: 1 + below(random, 2) }, (_, index) => ({
    index,
    targets: random() < 0.7 ? [ids[below(random, ids.length)]!] : [],
    guard: random() < 0.4 ? named(random) : null,
    actions: actions(random, 0.5),
    reenter: false
  }));
}

function actions(random: Random, likely: number): readonly ChartAction[] {
  if (random() > likely) return [];
  return Array.from({ length: 1 + below(random, 3) }, () => ({
    ...named(random),
    asks: random() < 0.3
  }));
}

function named(random: Random): ChartGuard {
  return { type: word(random), params: random() < 0.3 };
}

const WORDS = ['up', 'tearingDown', 'x', 'waitForTheOtherEnd', 'größer', 'netns', 'ok', '<script>'];

function word(random: Random): string {
  return WORDS[below(random, WORDS.length)]!;
}

function below(random: Random, most: number): number {
  return Math.floor(random() * most);
}

/** Mulberry32. */
function generator(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
