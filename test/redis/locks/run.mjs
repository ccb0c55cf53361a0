// Five processes on three hosts take locks while hosts, processes, clocks and servers fail; then their
// histories are checked. `node run.mjs <operations> <fencing: on|off>` prints one line of JSON; it wants
// network, mount and process namespaces of its own (scripts/private-host.sh).
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { check } from './check.mjs';
import { HOSTS, startHosts } from './hosts.mjs';

const [operations, fencing] = [Number(process.argv[2]), process.argv[3]];
// A lease is over before a sentinel has a successor; what its replica has not is not given.
const hosts = await startHosts('lease=500&patience=300&replicas=1&insecure=yes');
const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const names = ['a1', 'a2', 'b1', 'b2', 'c1'];
const historyOf = (name) => join(hosts.dir, `${name}.jsonl`);
const workers = new Map(names.map((name) => [name, start(name)]));
const LINE_BYTES = 106;
const done = { pause: 0, kill: 0, clock: 0, cut: 0, slow: 0, failover: 0 };
const stopping = new AbortController();
const troubles = [pauses(), kills(), clocks(), cuts(), slows(), failovers()];

// So that a machine with much other work comes to an end, too.
const deadline = performance.now() + 60_000 + operations * 12;
while (!isOver() && performance.now() < deadline) await delay(300);
stopping.abort();
await Promise.allSettled(troubles);
for (const child of workers.values()) child.kill('SIGKILL');
const steps = names.flatMap(read);
const findings = check(steps);
const kinds = {};
for (const { what } of steps) kinds[what] = (kinds[what] ?? 0) + 1;
const result = { operations: steps.length, kinds, done, findings: findings.length };
process.stdout.write(`${JSON.stringify({ ...result, first: findings.slice(0, 5) })}\n`);
hosts.dispose();
process.exit(0);

async function pauses() {
  await again(700, 'pause', async () => {
    const child = anyone();
    child.kill('SIGSTOP');
    // Up to three lives of a lease; without fencing all three, so that others have been at it.
    await delay((fencing === 'off' ? 1 : Math.random()) * 1_500);
    child.kill('SIGCONT');
  });
}

async function kills() {
  await again(1_800, 'kill', () => {
    const name = names[Math.floor(Math.random() * names.length)];
    workers.get(name).kill('SIGKILL');
    workers.set(name, start(name));
  });
}

async function clocks() {
  await again(900, 'clock', () => anyone().kill('SIGUSR2'));
}

async function cuts() {
  await again(5_000, 'cut', () => hosts.cut(HOSTS[Math.floor(Math.random() * 3)], 800));
}

async function slows() {
  await again(4_000, 'slow', () => hosts.slow(HOSTS[Math.floor(Math.random() * 3)], 1_200));
}

async function failovers() {
  await again(7_000, 'failover', () => hosts.failOver(Math.round((Math.random() - 0.5) * 600)));
}

async function again(everyMs, name, work) {
  while (!stopping.signal.aborted) {
    await delay(everyMs * (0.5 + Math.random()), undefined, { signal: stopping.signal });
    await work();
    done[name] += 1;
  }
}

function anyone() {
  return workers.get(names[Math.floor(Math.random() * names.length)]);
}

function start(name) {
  const argv = [process.execPath, WORKER, hosts.url, name, historyOf(name), fencing];
  return spawn('ip', ['netns', 'exec', name[0], ...argv], {
    stdio: ['ignore', 'ignore', 'inherit']
  });
}

/** Without fencing it is over when that shows; with it every trouble comes once at least. */
function isOver() {
  if (fencing === 'off' && check(names.flatMap(read)).length > 0) return true;
  const isTried = fencing === 'off' || Object.values(done).every((times) => times > 0);
  return isTried && count() >= operations;
}

/** Steps so far, about: lines are much alike. */
function count() {
  const bytes = names.map(
    (name) => statSync(historyOf(name), { throwIfNoEntry: false })?.size ?? 0
  );
  return bytes.reduce((sum, size) => sum + size, 0) / LINE_BYTES;
}

/** A line that its process was killed at is none. */
function read(name) {
  try {
    return readFileSync(historyOf(name), 'utf8').split('\n').slice(0, -1).flatMap(parsed);
  } catch {
    return [];
  }
}

function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
