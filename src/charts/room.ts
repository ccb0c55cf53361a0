// Where the text of an outer state stands: arrows lead into the state from above, past its text.
import type { Box, Layout, PlacedArrow, PlacedState, Point, Rectangle } from './shapes.ts';

/** Room at the right of an outer state for its text, by the state's id; pixels. */
export type Room = ReadonlyMap<string, number>;

// A state that is made wider moves others, whose arrows may then be in the way.
export const ROUNDS_MAX = 5;

/** @returns `undefined` when every text of an outer state has a place that no arrow crosses */
export function moreRoom({ states, arrows }: Layout, room: Room): Room | undefined {
  const lacking = states.filter((placed) => placed.isOuter && lackOf(placed, arrows) > 0);
  if (lacking.length === 0) return undefined;
  const more = new Map(room);
  for (const placed of lacking) {
    const { id } = placed.state;
    more.set(id, (more.get(id) ?? 0) + Math.ceil(lackOf(placed, arrows)));
  }
  return more;
}

function lackOf(placed: PlacedState, arrows: readonly PlacedArrow[]): number {
  return freeX(placed, placed.box, arrows) + placed.box.width - placed.width;
}

/**
 * Where the text of an outer state can stand so that no arrow crosses it, from its left edge.
 * Arrows enter from above, so there are gaps; behind the last one there may be too little room.
 */
export function freeX(
  { x, y }: Rectangle,
  box: Box,
  arrows: readonly Pick<PlacedArrow, 'points'>[]
): number {
  const band = { top: y, bottom: y + box.height };
  const crossings = arrows.flatMap(({ points }) => crossingsOf(points, band));
  const inOrder = crossings.map(([from, to]) => [from - x - CLEAR_PX, to - x + CLEAR_PX] as const);
  let free = 0;
  for (const [from, to] of inOrder.sort(([a], [b]) => a - b)) {
    if (to <= free) continue;
    if (from >= free + box.width) break;
    free = to;
  }
  return free;
}

const CLEAR_PX = 4;

/** Parts of a line within a band, as intervals of x. */
function crossingsOf(
  points: readonly Point[],
  { top, bottom }: { readonly top: number; readonly bottom: number }
): readonly (readonly [number, number])[] {
  return points.slice(1).flatMap((end, index) => {
    const start = points[index]!;
    const isBelow = Math.min(start.y, end.y) >= bottom;
    const isAbove = Math.max(start.y, end.y) <= top;
    return isBelow || isAbove
      ? []
      : [[Math.min(start.x, end.x), Math.max(start.x, end.x)] as const];
  });
}
