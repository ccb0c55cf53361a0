import { expect, it } from 'vitest';
import { told } from '../truth/host.ts';

// Each once differed; `npm run truth` plays them all.
const SEEDS = [7, 12, 26, 33, 73, 77, 78, 113];

it('the simulator does as the kernel and the plugins do', async () => {
  let records = 0;
  for await (const { seed, differences, ...course } of told(SEEDS)) {
    expect({ seed, differences }).toEqual({ seed, differences: [] });
    records += course.records;
  }
  expect(records).toBeGreaterThan(200);
});
