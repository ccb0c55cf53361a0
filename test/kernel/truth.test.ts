import { expect, it } from 'vitest';
import { told } from '../truth/host.ts';

// `npm run truth` goes on from here.
const SEEDS = Array.from({ length: 14 }, (_, index) => index + 1);

it('the simulator does as the kernel and the plugins do', async () => {
  let records = 0;
  for await (const { seed, differences, ...course } of told(SEEDS)) {
    expect({ seed, differences }).toEqual({ seed, differences: [] });
    records += course.records;
  }
  expect(records).toBeGreaterThan(200);
});
