// Plays one process of a host: `node worker.fixture.mjs <role> <root> [argument]`.
import { setImmediate, setInterval } from 'node:timers';
import { embeddedStore } from '../../../dist/store/embedded/embedded.js';

const [role, root, argument] = process.argv.slice(2);
const key = { kind: 'container', id: 'web' };
const patience = { timeoutMs: 60_000 };
const store = await embeddedStore({ root });

await { count, hold, fill, freeze, poll }[role]();

/** Adds 1 to a counter as often as asked, each time under a lease of its own. */
async function count() {
  let [known, number] = [undefined, 0];
  for (let index = 0; index < Number(argument); index += 1) {
    const lease = await store.acquire(key, patience);
    const found = await store.load(key, known);
    if (found !== 'unchanged') number = counted(found);
    number += 1;
    await store.commit(lease, commitOf(number));
    known = { seq: number, token: lease.token };
    await store.release(lease);
    // By turns, and sometimes the same one again.
    if (index % 3 > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}

/** Adds 1 for ever and says each number once it is committed, until it is killed. */
async function hold() {
  const lease = await store.acquire(key, patience);
  for (let number = counted(await store.load(key)) + 1; ; number += 1) {
    await store.commit(lease, commitOf(number));
    process.stdout.write(`${number}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Commits until there is no room, then says what it sees. */
async function fill() {
  const lease = await store.acquire(key, patience);
  const seen = { acknowledged: 0, code: undefined };
  while (seen.code === undefined) {
    try {
      await store.commit(lease, commitOf(seen.acknowledged + 1, 'x'.repeat(3000)));
      seen.acknowledged += 1;
    } catch (error) {
      seen.code = error.code;
    }
  }
  const again = await store.commit(lease, commitOf(0, 'x'.repeat(9000))).catch(({ code }) => code);
  const seqs = [];
  for await (const { seq } of store.journal(key)) seqs.push(seq);
  const loaded = counted(await store.load(key));
  console.log(JSON.stringify({ ...seen, again, loaded, records: seqs.length, last: seqs.at(-1) }));
  await store.close();
}

/** Follows, where the kernel may refuse to notify, and says what it sees of two commits and an end. */
async function poll() {
  const abort = new AbortController();
  const records = store.follow(abort.signal);
  const lease = await store.acquire(key, patience);
  await store.commit(lease, commitOf(1));
  await store.commit(lease, commitOf(2));
  await store.forget(lease);
  for await (const { seq } of records) {
    process.stdout.write(`${seq}\n`);
    if (seq === 2) abort.abort();
  }
  await store.close();
}

/** Takes the lease, says so, and does nothing more. */
async function freeze() {
  await store.acquire(key, patience);
  process.stdout.write('held\n');
  setInterval(() => {}, 60_000);
}

function counted(actor) {
  return actor?.snapshot.count ?? 0;
}

function commitOf(number, padding = '') {
  return {
    event: { type: 'container.down', container: 'web' },
    requests: [],
    value: 'up',
    snapshot: { count: number, padding },
    outstanding: [],
    machine: 'container@0',
    causation: null,
    correlation: 'c'
  };
}
