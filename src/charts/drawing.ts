// A laid-out chart as SVG elements, which are then written as text or put on a page.
import {
  LINE_PX,
  PADDING_PX,
  RULE_GAP_PX,
  TITLE_LINE_PX,
  TITLE_PX,
  lineWidth,
  tagWidth
} from './boxes.ts';
import { headOf, lineOf, px, type Attributes } from './geometry.ts';
import type { Layout, Line, PlacedArrow, PlacedState, Rectangle } from './shapes.ts';
import { widthOf } from './text.ts';

/** An SVG element as data. */
export interface Shape {
  readonly tag: 'g' | 'a' | 'rect' | 'line' | 'path' | 'circle' | 'text' | 'tspan';
  readonly attributes: Attributes;
  readonly children: readonly (Shape | string)[];
}

export interface DrawingOptions {
  /** Where a click on a state leads; absent: nowhere. */
  readonly hrefOf?: (placed: PlacedState) => string | undefined;
}

/** How many levels of outer states differ in colour. */
export const LEVELS = 3;

/** Fragment that names a state, in the docs' pages and pictures and in the inspector alike. */
export function stateAnchor(id: string): string {
  return `state=${id}`;
}

/** Everything of a chart, in the order it is painted. */
export function drawingOf(layout: Layout, { hrefOf }: DrawingOptions = {}): readonly Shape[] {
  const { width, height, states, dots, arrows } = layout;
  const outer = states.filter(({ isOuter }) => isOuter);
  return [
    shape('rect', { class: 'page', width, height }),
    ...outer.map((placed) => group(placed, [frame(placed)], 'frame-of')),
    ...arrows.map(arrow),
    ...states.map((placed) => {
      const own = placed.isOuter ? writing(placed) : [frame(placed), ...writing(placed)];
      return linked(group(placed, own, 'id'), hrefOf?.(placed));
    }),
    ...dots.map(dot),
    ...arrows.flatMap((placed) => (placed.label === null ? [] : [labelled(placed, placed.label)]))
  ];
}

function shape(tag: Shape['tag'], attributes: Attributes, children: Shape['children'] = []): Shape {
  return { tag, attributes, children };
}

// The frame of an outer state is painted below the arrows within, its writing above them.
function group(
  { state, isOuter }: PlacedState,
  children: readonly Shape[],
  kind: 'id' | 'frame-of'
): Shape {
  const attributes =
    kind === 'id' ? { id: stateAnchor(state.id), class: 'state' } : { class: 'state' };
  const outer = isOuter ? ' outer' : '';
  return shape(
    'g',
    { ...attributes, class: `${attributes.class}${outer}`, 'data-state': state.id },
    children
  );
}

function linked(inner: Shape, href: string | undefined): Shape {
  return href === undefined ? inner : shape('a', { href }, [inner]);
}

function frame(placed: PlacedState): Shape {
  const { state, isOuter, isClosed, mood } = placed;
  const kind = isOuter ? `level${levelOf(state.path.length)}` : mood;
  const type = state.type === 'parallel' || state.type === 'final' ? ` ${state.type}` : '';
  const closed = isClosed ? ' closed' : '';
  return shape('rect', { class: `frame ${kind}${type}${closed}`, ...sized(placed), rx: 8 });
}

function levelOf(depth: number): number {
  return Math.min(depth, LEVELS - 1);
}

function writing({ x, y, width, box, textX }: PlacedState): readonly Shape[] {
  const left = x + textX + PADDING_PX;
  const top = y + TITLE_LINE_PX;
  const title = shape('text', { class: 'title', x: px(left), y: px(top - 2) }, [box.title]);
  const tags = tagsOf(box, left, top);
  if (box.lines.length === 0) return [title, ...tags];
  const ruleY = px(top + RULE_GAP_PX);
  const rule = shape('line', { class: 'rule', x1: px(x), x2: px(x + width), y1: ruleY, y2: ruleY });
  const first = top + 2 * RULE_GAP_PX + LINE_PX - 5;
  return [
    title,
    ...tags,
    rule,
    ...box.lines.map((line, index) => written(line, left, first + index * LINE_PX))
  ];
}

function tagsOf(box: PlacedState['box'], left: number, top: number): readonly Shape[] {
  let x = left + widthOf(box.title, TITLE_PX, true) + 10;
  return box.tags.flatMap((tag) => {
    const begin = x;
    x += tagWidth(tag) + 6;
    const place = { x: begin, y: top - 15, width: tagWidth(tag), height: 16 };
    return [
      shape('rect', { class: 'tag', ...sized(place), rx: 8 }),
      shape('text', { class: 'tagged', x: px(begin + 6), y: px(top - 3.5) }, [tag])
    ];
  });
}

function written({ pieces, transitions }: Line, x: number, y: number): Shape {
  return shape(
    'text',
    { x: px(x), y: px(y), ...tracing(transitions) },
    pieces.map(({ kind, text }) => shape('tspan', { class: kind }, [text]))
  );
}

function dot({ x, y, width }: Rectangle): Shape {
  const radius = width / 2;
  return shape('circle', { class: 'dot', cx: px(x + radius), cy: px(y + radius), r: px(radius) });
}

function arrow({ kind, points, transitions }: PlacedArrow): Shape {
  return shape('g', { class: `way ${kind}`, ...tracing(transitions) }, [
    shape('path', { class: 'arrow', d: lineOf(points) }),
    shape('path', { class: 'head', d: headOf(points) })
  ]);
}

function labelled({ lines, depth, transitions }: PlacedArrow, label: Rectangle): Shape {
  const { x, y, width } = label;
  return shape('g', { class: 'label', ...tracing(transitions) }, [
    shape('rect', { class: `under level${levelOf(depth)}`, ...sized(label), rx: 3 }),
    ...lines.map((line, index) => {
      const left = x + (width - lineWidth(line)) / 2;
      return written(line, left, y + 2 + LINE_PX * (index + 1) - 4);
    })
  ]);
}

/** Ids of transitions hold spaces, so they are parted by something else. */
function tracing(transitions: readonly string[]): Attributes {
  return transitions.length === 0 ? {} : { 'data-transitions': transitions.join('|') };
}

function sized({ x, y, width, height }: Rectangle): Attributes {
  return { x: px(x), y: px(y), width: px(width), height: px(height) };
}
