// Run inside a sandbox: node crash.fixture.mjs PLAN, a `Plan` of crash.fixture.ts as JSON. Takes
// its steps in order and prints what came of each, unless it dies at the boundary it is told.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { compose } from '../../dist/bundle/compose.js';
import { openComposed } from '../../dist/bundle/mooring.js';

const plan = JSON.parse(process.argv[2]);
const { options, stopAt = 0, signal = 'SIGKILL', from = 0, trip, steps } = plan;
let counts = false;
const boundaries = [];

const parts = await compose({ logLevel: 'error', ...options, wrapEffects });
for (const write of ['commit', 'forget', 'allocate']) {
  parts.store[write] = bounded(write, parts.store[write]);
}
const mooring = openComposed(parts);
const VERBS = {
  up: async (input) => (await mooring.up(input)).view,
  down: (id) => mooring.down(id),
  inspect: (id) => mooring.inspect(id),
  recover: () => mooring.recover(),
  list: async () => (await mooring.list()).containers,
  sh: async (script) => execFileSync('sh', ['-c', script], { encoding: 'utf8' })
};

const results = [];
for (const [index, step] of steps.entries()) {
  if (index === from) begin();
  const [[verb, argument]] = Object.entries(step);
  results.push(await outcome(VERBS[verb](argument)));
}
await mooring.close();
const tripped = trip !== undefined && !existsSync(`${trip.home}/pid`);
if (trip) rmSync(`${trip.home}/pid`, { force: true });
console.log(JSON.stringify({ boundaries, tripped, results }));

function begin() {
  counts = true;
  if (!trip) return;
  const { home, at, then } = trip;
  rmSync(`${home}/points`, { force: true });
  for (const [name, value] of Object.entries({ at, then, signal: 'KILL', pid: process.pid })) {
    writeFileSync(`${home}/${name}`, String(value));
  }
}

function wrapEffects(effects) {
  return Object.fromEntries(
    Object.entries(effects).map(([type, effect]) => [type, bounded(type, effect)])
  );
}

function bounded(name, work) {
  return async (...args) => {
    await boundary(`before ${name}`);
    const answer = await work(...args);
    await boundary(`after ${name}`);
    return answer;
  };
}

async function boundary(name) {
  if (!counts || boundaries.push(name) !== stopAt) return;
  if (signal === 'SIGSTOP') console.log('stopping');
  process.kill(process.pid, signal);
  // It comes at once, but other threads may go on for an instant.
  if (signal === 'SIGKILL') await new Promise(() => {});
}

async function outcome(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    return { error: { code: error.code ?? 'none', message: error.message } };
  }
}
