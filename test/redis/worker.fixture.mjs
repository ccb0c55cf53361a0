// Plays one process of a host: `node worker.fixture.mjs <role> <url> <host> [argument]`.
import { setImmediate } from 'node:timers';
import { parseAddress } from '../../dist/store/redis/address.js';
import { connect } from '../../dist/store/redis/connection.js';
import { redisStore } from '../../dist/store/redis/redis.js';

const [role, url, host, argument] = process.argv.slice(2);
const key = { kind: 'container', id: 'web' };
const connection = connect(parseAddress(url));
const store = redisStore({ connection, host });

await { count, hold }[role]();
connection.close();

/** Adds 1 to a counter as often as asked, each time under a lease of its own. */
async function count() {
  let [known, number] = [undefined, 0];
  for (let index = 0; index < Number(argument); index += 1) {
    const lease = await store.acquire(key, { timeoutMs: 60_000 });
    const found = await store.load(key, known);
    if (found !== 'unchanged') number = found?.snapshot.count ?? 0;
    number += 1;
    await store.commit(lease, commitOf(number));
    known = { seq: number, token: lease.token };
    await store.release(lease);
    if (index % 3 > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}

/** Holds the lease and says what becomes of it: `held TOKEN`, `lost`, then what a late commit is answered. */
async function hold() {
  const lease = await store.acquire(key, { timeoutMs: 60_000 });
  lease.signal.addEventListener('abort', async () => {
    process.stdout.write(`lost ${lease.signal.reason.code}\n`);
    const late = await store.commit(lease, commitOf(99)).catch(({ code }) => code);
    process.stdout.write(`late ${late}\n`);
  });
  process.stdout.write(`held ${lease.token}\n`);
  await new Promise(() => undefined);
}

function commitOf(count) {
  return {
    event: { type: 'container.down', container: 'web' },
    requests: [],
    value: 'up',
    snapshot: { count },
    outstanding: [],
    machine: 'container@0',
    causation: null,
    correlation: 'c'
  };
}
