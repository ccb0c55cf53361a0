// A chart that is too big for one picture: a map of its states, and a picture of each within.

/**
 * The pictures of a machine, each as a structure to be laid out.
 *
 * A machine whose states have none within is one picture. Else the first shows the states of
 * the top level closed, and the others one of them each, with those it leads to.
 *
 * @param structure what `structureOf` says of the machine
 * @returns `name` of the file without its end, `key` of the state that is shown, or `null`
 */
export function picturesOf(structure) {
  const { id, states } = structure;
  const composites = states.filter(
    ({ path, type }) => path.length === 1 && type !== 'atomic' && type !== 'final'
  );
  if (composites.length === 0) return [{ name: id, key: null, structure }];
  const within = composites.map((state) => {
    const [key] = state.path;
    return { name: `${id}-${key}`, key, structure: detailOf(structure, state) };
  });
  return [{ name: id, key: null, structure: mapOf(structure) }, ...within];
}

function mapOf({ id, states }) {
  const [root, ...below] = states;
  const top = below.filter(({ path }) => path.length === 1);
  return { id, merges: true, states: [root, ...top.map((state) => closed(state, states))] };
}

// What leaves it from within leaves the box, unlabelled: its own picture says when.
function closed(state, states) {
  const lift = lifter(states);
  const inner = states.filter((other) => other.path.length > 1 && isWithin(other, state));
  const away = inner.flatMap(transitionsOf).flatMap(({ targets }) => targets.map(lift));
  const left = [...new Set(away)].filter((target) => target !== state.id);
  return {
    ...state,
    type: 'atomic',
    initial: null,
    on: state.on.map((reaction) => ({
      ...reaction,
      candidates: reaction.candidates.map((transition) => lifted(transition, lift))
    })),
    always: [
      ...state.always.map((transition) => lifted(transition, lift)),
      ...left.map((target) => bare(target))
    ],
    isClosed: inner.length > 0
  };
}

function detailOf({ id, states }, shown) {
  const lift = lifter(states);
  const inside = states.filter((state) => isWithin(state, shown));
  const ids = new Set(inside.map((state) => state.id));
  const near = (target) => (ids.has(target) ? target : lift(target));
  const own = inside.map((state) => withTransitions(state, (one) => lifted(one, near)));
  const leadsTo = own.flatMap(transitionsOf).flatMap(({ targets }) => targets);
  const others = states.filter(({ path }) => path.length === 1 && path[0] !== shown.path[0]);
  const around = others.flatMap((state) => {
    const into = sidewaysInto(state, { states, ids, shown });
    const isNear = leadsTo.includes(state.id) || transitionsOf(into).length > 0;
    return isNear ? [{ ...stub(state), ...into }] : [];
  });
  const root = { ...states[0], initial: null, on: [], always: [] };
  return { id, merges: true, states: [root, ...own, ...around] };
}

// Transitions of a state, or from within it, that enter the shown one elsewhere than at its dot.
function sidewaysInto(from, { states, ids, shown }) {
  const enters = ({ targets }) => targets.some((id) => ids.has(id) && id !== shown.id);
  const all = states.filter((state) => isWithin(state, from));
  return {
    on: all.flatMap(({ on }) =>
      on.map((one) => ({ ...one, candidates: one.candidates.filter(enters) }))
    ),
    always: all.flatMap(({ always }) => always.filter(enters))
  };
}

function withTransitions(state, change) {
  return {
    ...state,
    on: state.on.map((reaction) => ({ ...reaction, candidates: reaction.candidates.map(change) })),
    always: state.always.map(change)
  };
}

/** Another state that is only named. */
function stub(state) {
  return {
    ...state,
    type: 'atomic',
    initial: null,
    tags: [],
    entry: [],
    exit: [],
    on: [],
    always: [],
    isElsewhere: true
  };
}

function bare(target) {
  return { index: 0, targets: [target], guard: null, actions: [], reenter: false, isBare: true };
}

function lifted(transition, lift) {
  return { ...transition, targets: transition.targets.map(lift) };
}

/** The state of the top level that an id belongs to. */
function lifter(states) {
  return (target) => {
    const [key] = states.find(({ id }) => id === target).path;
    return states.find(({ path }) => path.length === 1 && path[0] === key).id;
  };
}

function transitionsOf({ on, always }) {
  return [...always, ...on.flatMap(({ candidates }) => candidates)];
}

function isWithin({ path }, outer) {
  return outer.path.every((key, index) => path[index] === key);
}
