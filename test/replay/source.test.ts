import { describe, expect, it } from 'vitest';
import { KINDS, MACHINES } from '../../src/actors/machines.ts';
import { structureOf } from '../../src/machines/structure.ts';
import { placeOf, type Place } from '../../src/replay/source.ts';
import { readFileSync } from 'node:fs';

describe.each(KINDS)('the chart of a %s', (kind) => {
  const { states } = structureOf(MACHINES[kind].machine);
  const candidates = states.flatMap(({ id, always, on }) =>
    [{ event: '', candidates: always }, ...on].flatMap(({ event, candidates: all }) =>
      all.map(({ index, guard }) => ({ source: id, event, index, guard }))
    )
  );

  it('is found in the source, each transition where it is written', () => {
    const unknown = candidates.filter((candidate) => placeOf(candidate) === undefined);
    const misplaced = candidates.filter((candidate) => {
      const place = placeOf(candidate);
      return candidate.guard !== null && place && !written(place).includes(candidate.guard.type);
    });

    expect(unknown).toEqual([]);
    expect(misplaced).toEqual([]);
  });
});

/** The lines that a candidate stands on, as far as its guard. */
function written({ file, line }: Place): string {
  const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n');
  return lines.slice(line - 1, line + 2).join('\n');
}
