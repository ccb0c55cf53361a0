import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { embeddedStore } from '../dist/store/embedded/embedded.js';
import { commitOf } from './commit.mjs';

// So many that whoever looks is in its stride, which it is after the first hundreds.
const COMMITS = Number(process.env.INSPECTOR_COMMITS ?? 4_000);
const ROUNDS = Number(process.env.INSPECTOR_ROUNDS ?? 60);

/**
 * Time on the processor of a commit of 2 KiB, in three stores that are alike: nobody knows of the
 * first, of the second an inspector runs that nobody looks at, of the third one's feed is read.
 *
 * They take turns, so that what else the machine does comes to all of them, and each round is a
 * ratio of its own. The next begins when all that was committed has been read.
 */
export async function cost() {
  const stages = [await bare('bare'), await detached(), await attached()];
  for (let warm = 0; warm < 3; warm += 1) await turn(stages, warm);
  for (const stage of stages) stage.samples.length = 0;
  for (let round = 0; round < ROUNDS; round += 1) await turn(stages, round);
  for (const stage of stages) tell(stage, stages[0]);
  for (const { end } of stages) await end();
}

async function turn(stages, round) {
  for (let place = 0; place < stages.length; place += 1) {
    const { store, lease, samples, settled } = stages[(round + place) % stages.length];
    const before = process.cpuUsage();
    for (let commit = 0; commit < COMMITS; commit += 1) await store.commit(lease, commitOf(commit));
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / COMMITS);
    await settled();
  }
}

async function bare(name) {
  const root = mkdtempSync('/tmp/mooring-bench-');
  const store = await embeddedStore({ root });
  const lease = await store.acquire({ kind: 'container', id: 'web' }, { timeoutMs: 1_000 });
  return {
    ...{ name, root, store, lease, samples: [], settled: async () => undefined },
    async end() {
      await store.release(lease);
      await store.close();
      rmSync(root, { recursive: true });
    }
  };
}

async function detached() {
  const stage = await bare('detached');
  const { end } = await inspector(stage.root);
  return { ...stage, end: () => end().then(stage.end) };
}

async function attached() {
  const stage = await bare('attached');
  const { url, token, end } = await inspector(stage.root);
  const reader = spawn(process.execPath, ['-e', READ, new URL('/api/feed', url).href, token], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  const counts = createInterface(reader.stdout)[Symbol.asyncIterator]();
  await counts.next();
  let [committed, read] = [0, 0];
  return {
    ...stage,
    async settled() {
      committed += COMMITS;
      while (read < committed) read = Number((await counts.next()).value);
    },
    async end() {
      reader.kill();
      await end();
      await stage.end();
    }
  };
}

// In a process of its own, as a page is: it is not to be counted as the producer's.
const READ = `const [url, token] = process.argv.slice(1);
fetch(url, { headers: { authorization: 'Bearer ' + token } }).then(async ({ body }) => {
  let lines = -1;
  for await (const bytes of body) {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
    console.log(lines);
  }
});`;

async function inspector(root) {
  const program = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
  const args = [program, '--root', root, 'inspector', '--format', 'json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [told] = await once(createInterface(child.stdout), 'line');
  const { url, code } = JSON.parse(told);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ code });
  const session = await fetch(new URL('/api/session', url), { method: 'POST', headers, body });
  const { token } = await session.json();
  return {
    ...{ url, token },
    async end() {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  };
}

function tell({ name, samples }, { samples: bareSamples }) {
  const [low, middle, high] = quartiles(samples);
  const spread = `${low.toFixed(1)} to ${high.toFixed(1)}`;
  const ratios = quartiles(samples.map((sample, round) => sample / bareSamples[round]));
  const budget = { detached: 1, attached: 10 }[name];
  const [least, more, most] = ratios.map((ratio) => `${((ratio - 1) * 100).toFixed(1)} %`);
  const ratio = budget ? `, ${more} more (${least} to ${most}, budget ${budget} %)` : '';
  const figures = `${middle.toFixed(1)} (${spread}, n=${samples.length})`;
  console.log(`  a commit, µs of processor, ${name.padEnd(8)} ${figures}${ratio}`);
}

/** What the middle half of the samples lies between, and the median. */
function quartiles(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.floor((sorted.length - 1) * share)]);
}
