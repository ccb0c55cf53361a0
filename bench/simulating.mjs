// How many lifecycles the simulator plays, with faults and all invariants: node bench/simulating.mjs
import { planFor, simulate } from '../dist/testing.js';

// Until then threads of Node compile the code, which counts as well.
const FIRST = 3_000;
const PLANS = 3_000;

const first = await playing(1, FIRST);
const then = await playing(20_000, PLANS);
console.log(
  `simulator, faults on: ${then.perSecond} lifecycles a second of CPU, all threads counted ` +
    `(${first.perSecond} in the first ${FIRST} plans)`
);
const failing = [...first.failing, ...then.failing];
if (failing.length > 0) console.log(`seeds that violate an invariant: ${failing.join(', ')}`);

async function playing(from, plans) {
  const begun = process.cpuUsage();
  const failing = [];
  let lifecycles = 0;
  for (let seed = from; seed < from + plans; seed += 1) {
    const run = await simulate(planFor(seed));
    lifecycles += run.lifecycles;
    if (run.violations.length > 0) failing.push(seed);
  }
  const { user, system } = process.cpuUsage(begun);
  return { perSecond: ((lifecycles / (user + system)) * 1e6).toFixed(0), failing };
}
