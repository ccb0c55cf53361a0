// Many hosts with many containers each against one Redis, by the store's own code: state and events,
// no namespaces. `npm run bench:scale -- [hosts] [containers of each]`; figures, never a pass or a fail.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedStore } from '../dist/store/embedded/embedded.js';
import { openHosted } from '../dist/store/hosted/open.js';
import { parseAddress } from '../dist/store/redis/address.js';
import { connect } from '../dist/store/redis/connection.js';
import { followAll } from '../dist/store/redis/follow-all.js';
import { redisStore } from '../dist/store/redis/redis.js';
import { line, timed } from './figures.mjs';
import { startServer } from './scale/server.mjs';

const [hostCount = 1_000, containerCount = 1_000] = process.argv.slice(2).map(Number);
/** Records that a host's stream keeps here; it is what a host costs besides its containers. */
const EVENTS = 256;
/** Steps under way at once, as of many hosts that do not wait for each other. */
const AT_ONCE = 128;
const TRAFFIC_MS = 10_000;
/** The last step of a real `up` with a network and a published port. */
const STEP = readFileSync(new URL('scale/container-up.json', import.meta.url), 'utf8');
const KINDS = ['container', 'namespace', 'network'];

const server = await startServer();
const url = `${server.url}?events=${EVENTS}&patience=60000&lease=60000`;
const address = parseAddress(url);
const connection = connect(address);
const stores = Array.from({ length: hostCount }, (_, index) =>
  redisStore({ connection, host: hostName(index), boot: 'boot' })
);

await fill();
await costs();
await traffic();
await recovery();
connection.close();
process.exit(0);

async function fill() {
  const total = hostCount * containerCount;
  const [before, busyBefore, begun] = [server.usedBytes(), server.busyMs(), performance.now()];
  let next = 0;
  const work = async () => {
    while (next < total) {
      const index = next++;
      await step(stores[index % hostCount], idOf(Math.floor(index / hostCount)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const seconds = (performance.now() - begun) / 1000;
  const busyMs = server.busyMs() - busyBefore;
  const bytes = server.usedBytes() - before;
  const perHost = streamBytes(hostName(0));
  console.log(`\n${hostCount} hosts with ${containerCount} containers each`);
  say('lease, commit and lease given back, a second', total / seconds);
  say("microseconds of the server's processor for each", (busyMs / total) * 1000);
  say('bytes of a record', recordBytes());
  say('bytes of memory of a container', (bytes - perHost * hostCount) / total);
  say(`bytes of memory of a host's stream of ${EVENTS} records`, perHost);
  say('MiB of memory in all', bytes / 2 ** 20);
}

async function costs() {
  console.log('\none after the other');
  const key = { kind: 'container', id: idOf(0) };
  const root = mkdtempSync('/var/tmp/mooring-scale-');
  const embedded = await embeddedStore({ root });
  for (const [name, store] of [
    ['redis', stores[0]],
    ['embedded', embedded]
  ]) {
    const [leases, commits] = [[], []];
    for (let round = 0; round < 1_000; round += 1) {
      let lease;
      leases.push(
        await timed(async () => (lease = await store.acquire(key, { timeoutMs: 1_000 })))
      );
      commits.push(await timed(() => store.commit(lease, stepOf(key.id))));
      await store.release(lease);
    }
    line(`  lease, ${name}`, leases);
    line(`  commit, ${name}`, commits);
  }
  await embedded.close();
  rmSync(root, { recursive: true });
}

/** One reader follows every host while all of them commit. */
async function traffic() {
  const stopping = new AbortController();
  const lags = [];
  const reader = connect(address);
  const following = (async () => {
    for await (const { time } of followAll(reader, stopping.signal)) lags.push(Date.now() - time);
  })();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const begun = performance.now();
  let commits = 0;
  const work = async () => {
    while (performance.now() - begun < TRAFFIC_MS) {
      const store = stores[Math.floor(Math.random() * hostCount)];
      await step(store, idOf(Math.floor(Math.random() * containerCount)));
      commits += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  const seconds = (performance.now() - begun) / 1000;
  while (lags.length < commits && performance.now() - begun < 4 * TRAFFIC_MS) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stopping.abort();
  await following;
  reader.close();
  console.log('\ntraffic of all hosts, followed by one reader');
  say('commits a second', commits / seconds);
  say('records that did not come', commits - lags.length);
  lags.sort((a, b) => a - b);
  say('lag of a record, p50 ms', lags[Math.floor(lags.length / 2)]);
  say('lag of a record, p99 ms', lags[Math.floor(lags.length * 0.99)]);
}

async function recovery() {
  console.log('\nrecovery');
  const listing = await timed(() => stores[0].list('container'));
  say(`list of one host, ms`, listing);
  server.cli('save');
  say('MiB of the snapshot', statSync(join(server.dir, 'dump.rdb')).size / 2 ** 20);
  await server.kill();
  const begun = performance.now();
  await server.start();
  say('restart from the snapshot until it answers, ms', performance.now() - begun);
  await step(stores[0], idOf(0));
  say('restart until a commit is done, ms', performance.now() - begun);

  const root = mkdtempSync('/var/tmp/mooring-scale-');
  const onTrouble = (error) => console.error(error);
  const open = { url, root, host: 'own', boot: 'boot', kinds: KINDS, onTrouble };
  const own = await openHosted(open);
  for (let index = 0; index < containerCount; index += 1) await step(own, idOf(index));
  server.cli('flushall');
  const took = await timed(() => own.cluster.reconcile());
  say(`a host of ${containerCount} containers tells an empty Redis, ms`, took);
  await own.close();
  rmSync(root, { recursive: true });
}

async function step(store, id) {
  const lease = await store.acquire({ kind: 'container', id }, { timeoutMs: 60_000 });
  await store.commit(lease, stepOf(id));
  await store.release(lease);
}

function stepOf(id) {
  return JSON.parse(STEP.replaceAll('web-0000-0000', id));
}

function recordBytes() {
  return server.cli('hstrlen', `mooring:{${hostName(0)}}:actors:container`, `container/${idOf(0)}`);
}

function streamBytes(host) {
  const key = `mooring:{${host}}:journal`;
  return Number(server.cli('memory', 'usage', key, 'samples', '0'));
}

function hostName(index) {
  return `host-${String(index).padStart(5, '0')}`;
}

function idOf(index) {
  return `web-${String(index).padStart(9, '0')}`;
}

function say(what, value) {
  const text = Number(value).toLocaleString('en', { maximumFractionDigits: 1 });
  console.log(`  ${what.padEnd(64)}${text}`);
}
