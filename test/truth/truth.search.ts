import { expect, it } from 'vitest';
import { told } from './host.ts';

const FIRST = Number(process.env['FROM'] ?? 1);
const COUNT = Number(process.env['SEEDS'] ?? 200);

it(
  `${COUNT} plans give the same in the simulator and on a host`,
  async () => {
    const untrue: unknown[] = [];
    for await (const { seed, differences } of told(seeds())) {
      if (differences.length > 0) untrue.push({ seed, differences: differences.slice(0, 10) });
    }

    expect(untrue).toEqual([]);
  },
  COUNT * 10_000
);

function* seeds(): Generator<number> {
  for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) yield seed;
}
