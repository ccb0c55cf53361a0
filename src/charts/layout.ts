// Where everything in a picture goes: states, arrows and what is written on them.
import { arrowsOf, dotId, type Arrow } from './arrows.ts';
import { LINE_PX, lineWidth, stateBox } from './boxes.ts';
import type { ElkGraph, ElkNode, ElkEdge, LayOut } from './elk.ts';
import type { PictureState, PictureStructure } from './parts.ts';
import { freeX, moreRoom, ROUNDS_MAX, type Room } from './room.ts';
import type { Layout, Line, Mood, PlacedArrow, PlacedState, Point, Rectangle } from './shapes.ts';

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

export interface LayoutOptions {
  /** Where time runs. */
  readonly direction: 'DOWN' | 'RIGHT';
  /** ELK's own, for every level. */
  readonly further?: Readonly<Record<string, string>>;
}

/** The picture of a machine. The same structure gives the same picture. */
export async function layoutOf(
  structure: PictureStructure,
  layOut: LayOut,
  { direction, further = {} }: LayoutOptions
): Promise<Layout> {
  const options = { ...LEVEL_OPTIONS, 'elk.direction': direction, ...further };
  const arrows = arrowsOf(structure);
  let room: Room = new Map();
  for (let rounds = 0; ; rounds++) {
    const graph = graphOf(structure, arrows, { options, room });
    const layout = placed(await layOut(graph), structure, arrows);
    const more = moreRoom(layout, room);
    if (more === undefined || rounds === ROUNDS_MAX) return layout;
    room = more;
  }
}

interface Level {
  readonly options: Readonly<Record<string, string>>;
  readonly room: Room;
}

function graphOf(structure: PictureStructure, arrows: readonly Arrow[], level: Level): ElkGraph {
  return {
    id: '#picture',
    layoutOptions: { ...ROOT_OPTIONS, ...level.options },
    children: [nodeOf(structure.states[0]!, structure, level)],
    edges: arrows.map((arrow, index) => edgeOf(arrow, index, isBackward(arrow, structure)))
  };
}

function nodeOf(state: PictureState, structure: PictureStructure, level: Level): ElkNode {
  const box = stateBox(state, structure.id);
  const within = childrenOf(state, structure);
  if (within.length === 0) return { id: state.id, width: box.width, height: box.height };
  const dot = { id: dotId(state), width: DOT_PX, height: DOT_PX };
  return {
    id: state.id,
    layoutOptions: {
      ...level.options,
      'elk.padding': `[top=${box.height + 10},left=16,bottom=16,right=${16 + (level.room.get(state.id) ?? 0)}]`
    },
    children: [
      ...(state.initial === null ? [] : [dot]),
      ...within.map((child) => nodeOf(child, structure, level))
    ]
  };
}

function childrenOf({ path }: PictureState, { states }: PictureStructure): readonly PictureState[] {
  return states.filter(
    (other) =>
      other.path.length === path.length + 1 && path.every((key, i) => other.path[i] === key)
  );
}

// The chart is written in the order of a life. An arrow that goes back in it between states
// side by side is laid out as if it went forward, and turned afterwards, which keeps that order.
// One that comes from within a state stays as it is, and so leaves that state at its bottom.
function isBackward({ from, to }: Arrow, { states }: PictureStructure): boolean {
  const order = (id: string) => states.findIndex((state) => state.id === id);
  const depth = (id: string) => states[order(id)]?.path.length ?? Infinity;
  return order(from) > order(to) && depth(from) <= depth(to);
}

function edgeOf({ from, to, lines }: Arrow, index: number, isTurned: boolean): ElkEdge {
  const label = {
    text: ' ',
    ...labelSize(lines),
    layoutOptions: { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' }
  };
  return {
    id: `#arrow${index}`,
    sources: [isTurned ? to : from],
    targets: [isTurned ? from : to],
    labels: lines.length === 0 ? [] : [label]
  };
}

function labelSize(lines: readonly Line[]): { readonly width: number; readonly height: number } {
  return { width: Math.max(0, ...lines.map(lineWidth)) + 8, height: lines.length * LINE_PX + 4 };
}

function placed(graph: ElkGraph, structure: PictureStructure, arrows: readonly Arrow[]): Layout {
  const nodes = graph.children.flatMap(withDescendants);
  const byId = new Map(structure.states.map((state) => [state.id, state]));
  const lines = graph.edges.map((edge) => ({ points: pointsOf(edge) }));
  const states = nodes.flatMap((node) => {
    const state = byId.get(node.id);
    return state === undefined ? [] : [placedState(node, { state, structure, lines })];
  });
  return {
    width: Math.ceil(graph.width ?? 0),
    height: Math.ceil(graph.height ?? 0),
    states,
    dots: nodes.filter(({ id }) => !byId.has(id)).map(rectangle),
    arrows: graph.edges.map((edge, index) => placedArrow(edge, arrows[index]!, structure, states))
  };
}

interface Surroundings {
  readonly state: PictureState;
  readonly structure: PictureStructure;
  readonly lines: readonly { readonly points: readonly Point[] }[];
}

function placedState(node: ElkNode, { state, structure, lines }: Surroundings): PlacedState {
  const { id, path, type } = state;
  const box = stateBox(state, structure.id);
  const place = rectangle(node);
  const isOuter = (node.children ?? []).length > 0;
  return {
    ...place,
    state: { id, path, type },
    box,
    textX: isOuter ? freeX(place, box, lines) : 0,
    isOuter,
    isClosed: state.isClosed ?? false,
    mood: moodOf(state, structure)
  };
}

function placedArrow(
  edge: ElkEdge,
  arrow: Arrow,
  structure: PictureStructure,
  states: readonly PlacedState[]
): PlacedArrow {
  const [first] = edge.labels;
  const label = first === undefined ? null : rectangle(first);
  const points = pointsOf(edge);
  if (isBackward(arrow, structure)) points.reverse();
  return { ...arrow, points, label, depth: label === null ? 0 : depthOf(label, states) };
}

function moodOf(state: PictureState, { states }: PictureStructure): Mood {
  const { path, always } = state;
  if (state.isElsewhere) return 'passing';
  if (always.some(({ guard, isBare }) => guard === null && !isBare)) return 'passing';
  const around = states.filter((other) => other.path.every((key, i) => path[i] === key));
  return around.some(({ tags }) => tags.includes('busy')) ? 'busy' : 'rest';
}

// How many states stand around its middle, the root not counted.
function depthOf({ x, y, width, height }: Rectangle, states: readonly PlacedState[]): number {
  const isAround = (box: Rectangle) =>
    box.x <= x + width / 2 &&
    x + width / 2 <= box.x + box.width &&
    box.y <= y + height / 2 &&
    y + height / 2 <= box.y + box.height;
  const depths = states
    .filter((box) => box.isOuter && isAround(box))
    .map((box) => box.state.path.length);
  return Math.max(0, ...depths);
}

function withDescendants(node: ElkNode): readonly ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(withDescendants)];
}

function rectangle({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x, y, width, height };
}

function pointsOf({ sections = [] }: ElkEdge): Point[] {
  return sections
    .slice(0, 1)
    .flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x, y }))
    );
}
