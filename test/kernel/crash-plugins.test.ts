import { expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { CHAINS, expectConverges, nextAt, play, useFront, useTrips, web, type Fate, type Plan } from './crash.fixture.ts';

const host = useSandbox();
const trips = useTrips(host);
const front = useFront(host, CHAINS.short, trips.options);

const FATES: readonly Fate[] = ['go on', 'die', 'linger'];

it.each([
  ['up', { steps: [{ up: web }] }],
  ['down', { steps: [{ up: web }, { down: 'web' }], from: 1 }]
] as const)('x %s', async (verb, what) => {
  const plan: Plan = { ...what, options: trips.options };
  await play(host, { ...plan, trip: { home: trips.home, at: 0, then: 'go on' } });
  const points = trips.points();
  console.log(points.length, points.join('; '));
  if (verb === 'up') await play(host, { steps: [{ down: 'web' }] });
});
