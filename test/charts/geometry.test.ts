import { describe, expect, it } from 'vitest';
import { clashesIn } from '../../src/charts/clashes.ts';
import { layoutOf } from '../../src/charts/layout.ts';
import { picturesOf, wholeOf, type Picture } from '../../src/charts/parts.ts';
import type { Layout } from '../../src/charts/shapes.ts';
import { MACHINES } from '../../src/machines/all.ts';
import { structureOf } from '../../src/machines/structure.ts';
import { layingOut } from './elk.ts';
import { randomStructure } from './machines.ts';

const layOut = layingOut();
const drawn = ({ structure }: Picture) => layoutOf(structure, layOut, { direction: 'DOWN' });

const own = Object.values(MACHINES).flatMap(({ machine }) => picturesOf(structureOf(machine)));

describe.each(own.map((picture) => [picture.name, picture] as const))('%s', (_, picture) => {
  it('has nothing that overlaps, and fits a page', async () => {
    const layout = await drawn(picture);

    expect(clashesIn(layout)).toEqual([]);
    expect(layout.width).toBeLessThanOrEqual(2000);
  });
});

describe('any machine', () => {
  const COUNT = 500;
  const STEP = 50;
  const begins = Array.from({ length: COUNT / STEP }, (_, index) => index * STEP);

  it.each(begins)(
    'is drawn with nothing that overlaps, from the seed %d',
    { timeout: 120_000 },
    async (begin) => {
      const clashes: string[] = [];
      for (let seed = begin; seed < begin + STEP; seed++) {
        const structure = randomStructure(seed);
        // Of its parts too, of every tenth: they are made from it by the same steps.
        const pictures = [wholeOf(structure), ...(seed % 10 === 0 ? picturesOf(structure) : [])];
        for (const picture of pictures) {
          const found = clashesIn(await drawn(picture));
          clashes.push(...found.map((clash) => `${seed} ${picture.name}: ${clash}`));
        }
      }

      expect(clashes).toEqual([]);
    }
  );

  it('is drawn the same each time', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const picture = wholeOf(randomStructure(seed));

      expect(await drawn(picture)).toEqual(await drawn(picture));
    }
  });
});

describe('a picture', () => {
  it('has every transition of its machine on an arrow or in a state', async () => {
    const structure = structureOf(MACHINES.container.machine);
    const transitions = wholeOf(structure).structure.states.flatMap(({ on, always }) =>
      [...always, ...on.flatMap(({ candidates }) => candidates)].flatMap(({ ids }) => ids)
    );

    const shown = new Set(
      (await Promise.all([wholeOf(structure)].map(drawn))).flatMap(transitionsIn)
    );

    expect(transitions.filter((id) => !shown.has(id))).toEqual([]);
  });
});

function transitionsIn({ arrows, states }: Layout): readonly string[] {
  return [
    ...arrows.flatMap((arrow) => arrow.transitions),
    ...states.flatMap(({ box }) => box.lines.flatMap(({ transitions }) => transitions))
  ];
}
