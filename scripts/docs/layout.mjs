// Where everything in a picture goes: states, arrows and what is written on them.
import ELK from 'elkjs/lib/elk.bundled.js';
import { LINE_PX, arrowLines, lineWidth, stateBox } from './boxes.mjs';

const DOT_PX = 12;

const ROOT_OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]'
};

// These are not inherited, so every level is given them.
const LEVEL_OPTIONS = {
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12'
};

/**
 * The picture of a machine, in pixels from its top left corner.
 *
 * @param structure what `structureOf` says of the machine
 * @param direction where time runs: `DOWN` or `RIGHT`
 * @param options further ones of ELK, for every level
 * @returns width, height, `states` (outer before inner), `dots` and `arrows` with their labels
 */
export async function layoutOf(structure, direction, options = {}) {
  const arrows = arrowsOf(structure);
  const shared = { ...LEVEL_OPTIONS, 'elk.direction': direction, ...options };
  const graph = {
    id: '#picture',
    layoutOptions: { ...ROOT_OPTIONS, ...shared },
    children: [nodeOf(structure.states[0], structure, shared)],
    edges: arrows.map((arrow, index) => edgeOf(arrow, index, isBackward(arrow, structure)))
  };
  return placed(await new ELK().layout(graph), structure, arrows);
}

function nodeOf(state, structure, options) {
  const box = stateBox(state, structure.id);
  const within = childrenOf(state, structure);
  if (within.length === 0) return { id: state.id, width: box.width, height: box.height };
  const dot = { id: dotId(state), width: DOT_PX, height: DOT_PX };
  return {
    id: state.id,
    layoutOptions: {
      ...options,
      'elk.padding': `[top=${box.height + 10},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${box.width},${box.height})`
    },
    children: [
      ...(state.initial === null ? [] : [dot]),
      ...within.map((child) => nodeOf(child, structure, options))
    ]
  };
}

function childrenOf({ path }, { states }) {
  return states.filter(
    (other) =>
      other.path.length === path.length + 1 && path.every((key, i) => other.path[i] === key)
  );
}

function dotId({ id }) {
  return `${id}#initial`;
}

// Every transition that leaves its state, and one from each dot to the initial state. Where
// they are merged, those from one state to another are one arrow with all that leads along it.
function arrowsOf({ states, merges }) {
  const all = states.flatMap((state) => [
    ...(state.initial === null
      ? []
      : [{ from: dotId(state), to: state.initial, kind: 'initial', lines: [] }]),
    ...state.always.flatMap((transition) => arrows(state.id, null, transition)),
    ...state.on.flatMap(({ event, candidates }) =>
      candidates.flatMap((transition) => arrows(state.id, event, transition))
    )
  ]);
  return merges ? merged(all) : all;
}

function merged(all) {
  const byEnds = new Map();
  for (const arrow of all) {
    const ends = `${arrow.from} ${arrow.to} ${arrow.kind}`;
    const first = byEnds.get(ends);
    byEnds.set(ends, first ? { ...first, lines: [...first.lines, ...arrow.lines] } : arrow);
  }
  return [...byEnds.values()];
}

function arrows(from, event, transition) {
  const kind = event === null ? 'always' : 'event';
  return transition.targets.map((to) => ({ from, to, kind, lines: arrowLines(event, transition) }));
}

// The chart is written in the order of a life. An arrow that goes back in it between states
// side by side is laid out as if it went forward, and turned afterwards, which keeps that order.
// One that comes from within a state stays as it is, and so leaves that state at its bottom.
function isBackward({ from, to }, { states }) {
  const order = (id) => states.findIndex((state) => state.id === id);
  const depth = (id) => states[order(id)]?.path.length;
  return order(from) > order(to) && depth(from) <= depth(to);
}

function edgeOf({ from, to, lines }, index, isTurned) {
  const label = {
    text: ' ',
    width: Math.max(0, ...lines.map(lineWidth)) + 8,
    height: lines.length * LINE_PX + 4,
    layoutOptions: { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' }
  };
  return {
    id: `#arrow${index}`,
    sources: [isTurned ? to : from],
    targets: [isTurned ? from : to],
    labels: lines.length === 0 ? [] : [label]
  };
}

function placed(graph, structure, arrows) {
  const nodes = withDescendants(graph.children[0]);
  const byId = new Map(structure.states.map((state) => [state.id, state]));
  const states = nodes
    .filter(({ id }) => byId.has(id))
    .map((node) => ({
      ...rectangle(node),
      state: byId.get(node.id),
      box: stateBox(byId.get(node.id), structure.id),
      isOuter: (node.children ?? []).length > 0,
      mood: moodOf(byId.get(node.id), structure)
    }));
  return {
    width: Math.ceil(graph.width),
    height: Math.ceil(graph.height),
    states,
    dots: nodes.filter(({ id }) => !byId.has(id)).map(rectangle),
    arrows: graph.edges.map((edge, index) => {
      const label = edge.labels?.[0] ? rectangle(edge.labels[0]) : null;
      const points = pointsOf(edge.sections[0]);
      if (isBackward(arrows[index], structure)) points.reverse();
      return { ...arrows[index], points, label, depth: label && depthOf(label, states) };
    })
  };
}

// `passing` is left at once, `busy` waits for an answer, `rest` for a command.
function moodOf({ path, always, isElsewhere, isClosed }, { states }) {
  if (isElsewhere) return 'passing';
  if (isClosed) return 'busy';
  if (always.some(({ guard }) => guard === null)) return 'passing';
  const around = states.filter((other) => other.path.every((key, i) => path[i] === key));
  return around.some(({ tags }) => tags.includes('busy')) ? 'busy' : 'rest';
}

// How many states stand around its middle, the root not counted.
function depthOf({ x, y, width, height }, states) {
  const isAround = (box) =>
    box.x <= x + width / 2 &&
    x + width / 2 <= box.x + box.width &&
    box.y <= y + height / 2 &&
    y + height / 2 <= box.y + box.height;
  const depths = states
    .filter((box) => box.isOuter && isAround(box))
    .map((box) => box.state.path.length);
  return Math.max(0, ...depths);
}

function withDescendants(node) {
  return [node, ...(node.children ?? []).flatMap(withDescendants)];
}

function rectangle({ x, y, width, height }) {
  return { x, y, width, height };
}

function pointsOf({ startPoint, bendPoints = [], endPoint }) {
  return [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x, y }));
}
