import { expect, it } from 'vitest';
import { AMISS, moodOf } from '../../src/inspector/page/worker/moods.ts';
import { MACHINES } from '../../src/machines/all.ts';
import { structureOf } from '../../src/machines/structure.ts';

it('sees by its state alone that something is wrong, as at a moment of a recording', () => {
  const resting = Object.entries(MACHINES).flatMap(([kind, { machine }]) =>
    structureOf(machine).states.map(({ path }) => [kind, path.join('.')] as const)
  );
  const amiss = resting.filter(([, state]) => AMISS.has(state));

  expect(new Set(amiss.map(([, state]) => state))).toEqual(AMISS);
  for (const [kind, state] of amiss) expect(moodOf(kind, state, false)).toBe('amiss');
  expect(moodOf('container', 'up', false)).toBe('rest');
  expect(moodOf('container', 'up', true)).toBe('amiss');
  expect(moodOf('container', 'creating.holding', false)).toBe('busy');
  expect(moodOf('container', 'absent', false)).toBe('gone');
});
