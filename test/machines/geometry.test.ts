import { describe, expect, it } from 'vitest';
import { layoutOf, type Layout, type Point, type Rectangle } from '../../scripts/docs/layout.mjs';
import { picturesOf } from '../../scripts/docs/parts.mjs';
import { containerMachine } from '../../src/machines/container.ts';
import { namespaceMachine } from '../../src/machines/namespace.ts';
import { networkMachine } from '../../src/machines/network.ts';
import { structureOf } from '../../src/machines/structure.ts';

const pictures = [containerMachine, namespaceMachine, networkMachine].flatMap((machine) =>
  picturesOf(structureOf(machine))
);

describe.each(pictures.map(({ name, structure }) => [name, structure] as const))(
  'the picture of %s',
  (_, structure) => {
    const laidOut = layoutOf(structure, 'DOWN');

    it('is the same each time it is drawn', async () => {
      expect(await layoutOf(structure, 'DOWN')).toEqual(await laidOut);
    });

    it('fits a page', async () => {
      const { width, states, arrows } = await laidOut;

      expect(width).toBeLessThanOrEqual(2000);
      for (const box of [...states, ...labelsOf({ arrows })])
        expect(isWithin(box, await laidOut)).toBe(true);
    });

    it('gives each state room for what is written in it', async () => {
      const { states } = await laidOut;
      const narrow = states.filter(
        ({ width, height, box }) => width < box.width || height < box.height
      );

      expect(narrow.map(({ state }) => state.id)).toEqual([]);
    });

    it('keeps states apart, one within the other excepted', async () => {
      const { states } = await laidOut;
      const clashes = pairsOf(states).filter(
        ([a, b]) => isOverlapping(a, b) && !isInside(a, b) && !isInside(b, a)
      );

      expect(clashes.map(([a, b]) => [a.state.id, b.state.id])).toEqual([]);
    });

    it('puts a state within the one it belongs to', async () => {
      const { states } = await laidOut;
      const strays = states.filter(({ state, ...box }) =>
        states.some(
          (outer) =>
            outer.state.path.length < state.path.length &&
            outer.state.path.every((key, index) => state.path[index] === key) &&
            !isInside(box, outer)
        )
      );

      expect(strays.map(({ state }) => state.id)).toEqual([]);
    });

    it('writes on no state, no title and no other arrow', async () => {
      const { states, dots, arrows } = await laidOut;
      const titles = states.filter(({ isOuter }) => isOuter).map(titleOf);
      const boxes = [...states.filter(({ isOuter }) => !isOuter), ...titles, ...dots];
      const clashes = arrows.filter(
        (arrow) =>
          arrow.label !== null &&
          (boxes.some((box) => isOverlapping(arrow.label!, box)) ||
            labelsOf({ arrows }).some(
              (other) => other !== arrow.label && isOverlapping(arrow.label!, other)
            ) ||
            arrows.some((other) => other !== arrow && isCrossed(arrow.label!, other.points)))
      );

      expect(clashes.map(({ from, to, lines }) => [from, to, lines[0]?.[0]?.text])).toEqual([]);
    });

    it('leads no arrow through a state or a title', async () => {
      const { states, arrows } = await laidOut;
      const boxes = [
        ...states.filter(({ isOuter }) => !isOuter),
        ...states.filter(({ isOuter }) => isOuter).map(titleOf)
      ];
      const clashes = arrows.filter(({ points }) => boxes.some((box) => isCrossed(box, points)));

      expect(clashes.map(({ from, to }) => [from, to])).toEqual([]);
    });
  }
);

type Placed = Layout['states'][number];

function labelsOf({ arrows }: Pick<Layout, 'arrows'>): Rectangle[] {
  return arrows.flatMap(({ label }) => (label === null ? [] : [label]));
}

function titleOf({ x, y, box }: Placed): Rectangle {
  return { x, y, width: box.width, height: box.height };
}

function pairsOf<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b): [Item, Item] => [a, b]));
}

function isWithin(box: Rectangle, { width, height }: Layout): boolean {
  return isInside(box, { x: 0, y: 0, width, height });
}

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

// Touching at an edge is not overlapping, and rounding is forgiven.
function isOverlapping(a: Rectangle, b: Rectangle): boolean {
  const slack = 0.01;
  return (
    a.x + slack < b.x + b.width &&
    b.x + slack < a.x + a.width &&
    a.y + slack < b.y + b.height &&
    b.y + slack < a.y + a.height
  );
}

function isCrossed(box: Rectangle, points: readonly Point[]): boolean {
  return points.slice(1).some((end, index) => {
    const start = points[index]!;
    const line = {
      x: Math.min(start.x, end.x) - 0.5,
      y: Math.min(start.y, end.y) - 0.5,
      width: Math.abs(start.x - end.x) + 1,
      height: Math.abs(start.y - end.y) + 1
    };
    const inner = { x: box.x + 1, y: box.y + 1, width: box.width - 2, height: box.height - 2 };
    return isOverlapping(inner, line);
  });
}
