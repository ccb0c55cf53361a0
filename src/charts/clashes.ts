// What is wrong with a picture: things that overlap, or stand where they do not belong.
import type { Layout, PlacedArrow, PlacedState, Point, Rectangle } from './shapes.ts';

/** One line a clash, naming both things; a picture without any can be read. */
export function clashesIn(layout: Layout): readonly string[] {
  return [
    ...outside(layout),
    ...cramped(layout),
    ...overlapping(layout),
    ...strays(layout),
    ...overwritten(layout),
    ...crossed(layout)
  ];
}

function outside(layout: Layout): readonly string[] {
  const page = { x: 0, y: 0, width: layout.width, height: layout.height };
  const boxes = [...layout.states.map(named), ...labels(layout)];
  return boxes.filter(({ box }) => !isInside(box, page)).map(({ name }) => `${name} is cut off`);
}

function cramped({ states }: Layout): readonly string[] {
  return states
    .filter(({ width, height, box, textX }) => width < textX + box.width || height < box.height)
    .map(({ state }) => `${state.id} has no room for its text`);
}

function overlapping({ states }: Layout): readonly string[] {
  return pairsOf(states)
    .filter(([a, b]) => isOverlapping(a, b) && !isInside(a, b) && !isInside(b, a))
    .map(([a, b]) => `${a.state.id} overlaps ${b.state.id}`);
}

function strays({ states }: Layout): readonly string[] {
  return states.flatMap((inner) =>
    states
      .filter((outer) => isAbove(outer, inner) && !isInside(inner, outer))
      .map((outer) => `${inner.state.id} is not within ${outer.state.id}`)
  );
}

/** A label on a state, a title, a dot, another label or another arrow. */
function overwritten(layout: Layout): readonly string[] {
  const fixed = solid(layout);
  const all = labels(layout);
  return all.flatMap(({ name, box, arrow }) => [
    ...fixed
      .filter((other) => isOverlapping(box, other.box))
      .map((other) => `${name} on ${other.name}`),
    ...all
      .filter((other) => other.arrow !== arrow && isOverlapping(box, other.box))
      .map((other) => `${name} on ${other.name}`),
    ...layout.arrows
      .filter((other) => other !== arrow && isCrossed(box, other.points))
      .map((other) => `${name} on the arrow ${nameOf(other)}`)
  ]);
}

function crossed(layout: Layout): readonly string[] {
  const fixed = solid(layout).filter(({ isDot }) => !isDot);
  return layout.arrows.flatMap((arrow) =>
    fixed
      .filter(({ box }) => isCrossed(box, arrow.points))
      .map(({ name }) => `the arrow ${nameOf(arrow)} leads through ${name}`)
  );
}

interface Named {
  readonly name: string;
  readonly box: Rectangle;
}

/** What nothing may be written on, and no arrow may lead through. */
function solid({ states, dots }: Layout): readonly (Named & { readonly isDot: boolean })[] {
  return [
    ...states.map((placed) => ({
      name: placed.isOuter ? `the title of ${placed.state.id}` : placed.state.id,
      box: placed.isOuter ? titleOf(placed) : placed,
      isDot: false
    })),
    ...dots.map((box) => ({ name: 'a dot', box, isDot: true }))
  ];
}

function labels({ arrows }: Layout): readonly (Named & { readonly arrow: PlacedArrow })[] {
  return arrows.flatMap((arrow) =>
    arrow.label === null ? [] : [{ name: `the label of ${nameOf(arrow)}`, box: arrow.label, arrow }]
  );
}

function named(placed: PlacedState): Named {
  return { name: placed.state.id, box: placed };
}

function nameOf({ from, to }: PlacedArrow): string {
  return `${from} → ${to}`;
}

function titleOf({ x, y, box, textX }: PlacedState): Rectangle {
  return { x: x + textX, y, width: box.width, height: box.height };
}

function isAbove({ state: outer }: PlacedState, { state: inner }: PlacedState): boolean {
  return (
    outer.path.length < inner.path.length &&
    outer.path.every((key, index) => inner.path[index] === key)
  );
}

function pairsOf<Item>(items: readonly Item[]): readonly (readonly [Item, Item])[] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b] as const));
}

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x - SLACK &&
    inner.y >= outer.y - SLACK &&
    inner.x + inner.width <= outer.x + outer.width + SLACK &&
    inner.y + inner.height <= outer.y + outer.height + SLACK
  );
}

// Touching at an edge is not overlapping, and rounding is forgiven.
const SLACK = 0.01;

function isOverlapping(a: Rectangle, b: Rectangle): boolean {
  return (
    a.x + SLACK < b.x + b.width &&
    b.x + SLACK < a.x + a.width &&
    a.y + SLACK < b.y + b.height &&
    b.y + SLACK < a.y + a.height
  );
}

function isCrossed(box: Rectangle, points: readonly Point[]): boolean {
  const inner = { x: box.x + 1, y: box.y + 1, width: box.width - 2, height: box.height - 2 };
  return points.slice(1).some((end, index) => {
    const start = points[index]!;
    return isOverlapping(inner, {
      x: Math.min(start.x, end.x) - 0.5,
      y: Math.min(start.y, end.y) - 0.5,
      width: Math.abs(start.x - end.x) + 1,
      height: Math.abs(start.y - end.y) + 1
    });
  });
}
