// One process that takes locks: `node worker.mjs <url> <name> <history file> <fencing: on|off>`.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { nextLine, readHead, writeLine } from '../../../dist/store/redis/actors.js';
import { parseAddress } from '../../../dist/store/redis/address.js';
import { connect } from '../../../dist/store/redis/connection.js';
import { hostKeys } from '../../../dist/store/redis/keys.js';
import { redisStore } from '../../../dist/store/redis/redis.js';
import { SCRIPTS } from '../../../dist/store/redis/scripts/scripts.js';

const [url, name, path, fencing] = process.argv.slice(2);
const KEYS = Array.from({ length: 8 }, (_, index) => ({ kind: 'container', id: `c${index}` }));
const isFenced = fencing === 'on';
const address = parseAddress(url);
const connection = connect(address, isFenced ? SCRIPTS : SCRIPTS.map(unfenced));
const store = redisStore({ connection, host: 'shared', boot: 'boot' });
const file = openSync(path, 'a');

const STEP = {
  event: { type: 'container.down', container: 'web' },
  requests: [],
  value: 'up',
  snapshot: {},
  outstanding: [],
  machine: 'container@0',
  causation: null,
  correlation: 'c'
};

// The clock that may be set; what the history is written by is the other one.
const dateNow = Date.now;
let aheadMs = 0;
Date.now = () => dateNow() + aheadMs;
process.on('SIGUSR2', () => (aheadMs = (Math.random() - 0.5) * 7_200_000));

for (;;) await section(KEYS[Math.floor(Math.random() * KEYS.length)]);

async function section(key) {
  const from = now();
  let lease;
  try {
    lease = await store.acquire(key, { timeoutMs: 2_000 });
  } catch {
    await delay(20);
    return;
  }
  const about = { key: key.id, token: lease.token };
  note({ ...about, what: 'enter', from, at: now() });
  for (let count = Math.ceil(Math.random() * 8); count > 0; count -= 1) {
    if (!effect(lease, about)) break;
    if (Math.random() < 0.2) await delay(Math.random() * 5);
  }
  await commit(lease, about);
  await store.release(lease).catch(() => undefined);
}

function effect(lease, about) {
  const from = now();
  try {
    if (isFenced) lease.check();
  } catch {
    note({ ...about, what: 'fenced', from, at: now() });
    return false;
  }
  note({ ...about, what: 'effect', from, at: now() });
  return true;
}

async function commit(lease, about) {
  const from = now();
  try {
    await (isFenced ? store.commit(lease, STEP) : commitAnyway(lease));
    note({ ...about, what: 'commit', from, at: now() });
  } catch {
    note({ ...about, what: 'refused', from, at: now() });
  }
}

/** As one would who has taken a lock once, and believes in it. */
async function commitAnyway(lease) {
  const keys = hostKeys(address.prefix, 'shared');
  const head = await readHead(connection, keys, lease.key);
  const line = nextLine(head, { lease, time: 0, host: 'shared', boot: 'boot' }, STEP);
  const granted = { keys, lease, owner: '', renewed() {}, lost: (reason) => new Error(reason) };
  await writeLine(connection, granted, line);
}

function unfenced(script) {
  const lua = script.lua.replace('return held[1] == owner and held[2] == token', 'return true');
  return { ...script, lua };
}

function note(step) {
  writeSync(file, `${JSON.stringify({ process: name, ...step })}\n`);
}

/** Microseconds since the machine was started: the same for every process, whatever its clock says. */
function now() {
  return Number(process.hrtime.bigint() / 1000n);
}
