// Run inside a sandbox: node ports.fixture.mjs CASE; prints what it saw as one line of JSON.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { hostTool } from '../../../dist/effects/process/tool.js';
import { parsePublish } from '../../../dist/model/port.js';
import { forwardedAtMost } from '../../../dist/effects/ports/forwarded.js';
import { portClaims } from '../../../dist/effects/ports/ports.js';

const held = { version: 0, entries: [] };
let meddle = () => {};
const store = {
  async allocations() {
    const seen = structuredClone(held);
    meddle();
    return seen;
  },
  async allocate(_kind, version, owner, entries) {
    if (version !== held.version) return false;
    held.version += 1;
    held.entries = held.entries.filter((entry) => entry.owner !== owner);
    held.entries.push(...entries.map((entry) => ({ owner, entry })));
    return true;
  }
};
const tool = hostTool({ pluginTimeoutMs: 10_000, graceMs: 1_000 });
const tools = [];
const run = (name, ...rest) => {
  tools.push(name);
  return tool(name, ...rest);
};
const deps = { store, root: '/srv/one', reservePorts: true, run };
const context = { operation: 'op', repeated: false, signal: new AbortController().signal };
const claimBy = async (more, container, ...texts) => {
  const ports = texts.flatMap(parsePublish);
  try {
    const claims = portClaims({ ...deps, ...more });
    const claimed = await claims.claim(container, ports, { ...context, ...more });
    return { type: 'ports.claimed', ports: claimed };
  } catch ({ code = 'none', message }) {
    return { type: 'ports.claimFailed', failure: { code, message } };
  }
};
const claim = (container, ...texts) => claimBy({}, container, ...texts);
const release = async (container, more = {}) => {
  await portClaims({ ...deps, ...more }).release(container, { ...context, ...more });
  return { type: 'ports.released', container };
};
const emptyStore = () => ({
  allocations: async () => ({ version: 0, entries: [] }),
  allocate: async () => true
});
const keepers = () =>
  readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && readEnviron(pid).includes('MOORING_PORTS=')
  );
const readEnviron = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
};
const zombies = () =>
  readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && new RegExp(`\\) Z ${process.pid} `).test(readStat(pid))
  );
const readStat = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
};
const listen = async (options) => {
  const server = createServer().listen(options);
  await once(server, 'listening');
  return server;
};

const cases = {
  async owners() {
    return {
      first: await claim('web', '8080:80'),
      again: await claim('web', '8080:80'),
      wider: await claim('db', '127.0.0.1:8070-8090:70-90'),
      other: await claim('db', '8080:80/udp', '8081:80'),
      replaced: await claim('web', '8082:80'),
      freed: await claim('db', '8080:80'),
      released: [await release('web'), await release('web')],
      left: held.entries.map(({ owner }) => owner)
    };
  },
  async processes() {
    const tcp = await listen({ host: '127.0.0.1', port: 8080 });
    const v6 = await listen({ host: '::1', port: 8081 });
    const udp = createSocket('udp4').bind(8082, '127.0.0.1');
    await once(udp, 'listening');
    const seen = {
      tcp: await claim('a', '8080:80'),
      elsewhere: await claim('b', '127.0.0.2:8080:80'),
      v6: await claim('c', '8081:80'),
      v4: await claim('d', '127.0.0.1:8081:80'),
      udp: await claim('e', '8082:80/udp'),
      range: await claim('f', '8070-8090:70-90'),
      pid: process.pid
    };
    for (const server of [tcp, v6, udp]) server.close();
    return { ...seen, later: await claim('a', '8080:80') };
  },
  async addresses() {
    return [await claim('a', '192.0.2.1:8080:80'), await claim('a', '[2001:db8::1]::80/udp')];
  },
  async random() {
    const facts = [
      await claim('a', '80', '80-82', '80/udp', '127.0.0.1::90', '[::1]::90', '80/sctp'),
      await claim('b', '80-89')
    ];
    return { facts, entries: held.entries.length };
  },
  async race() {
    let stolen = false;
    meddle = () => {
      if (stolen) return;
      stolen = true;
      held.version += 1;
      held.entries.push({ owner: 'container/quick', entry: parsePublish('8080:80')[0] });
    };
    return [await claim('slow', '8080:80'), await claim('slow', '8081:80')];
  },
  async unprivileged() {
    return claim('a', '80:80');
  },
  async kept() {
    const refused = async (options) =>
      listen(options).then(
        (server) => (server.close(), 'free'),
        (error) => error.code
      );
    const udp = (address) =>
      new Promise((resolve) => {
        const socket = createSocket(address === '::' ? { type: 'udp6', ipv6Only: true } : 'udp4');
        socket.once('error', (error) => (socket.close(), resolve(error.code)));
        socket.bind(8081, address, () => (socket.close(), resolve('free')));
      });
    const tries = async () => [
      await refused({ host: '0.0.0.0', port: 8080 }),
      await refused({ host: '127.0.0.2', port: 8080 }),
      await refused({ host: '::', port: 8080, ipv6Only: true }),
      await udp('0.0.0.0'),
      await udp('::'),
      await refused({ host: '127.0.0.1', port: 8082 }),
      await refused({ host: '127.0.0.2', port: 8082 })
    ];
    const claimed = await claim('web', '8080:80', '8081:81/udp', '127.0.0.1:8082:82');
    const while_ = await tries();
    const one = keepers().length;
    // What serves nothing there refuses, so that `localhost` goes on to the address that does.
    const v6 = await new Promise((resolve) => {
      connect(8080, '::1')
        .once('error', (error) => resolve(error.code))
        .once('connect', () => resolve('connected'));
    });
    await release('web');
    const left = [keepers(), zombies()];
    return { claimed, while: while_, one, v6, after: await tries(), left };
  },
  async wide() {
    return [
      await claim('web', '0.0.0.0:8080:80', '127.0.0.1:8080-8081:80-81'),
      await claim('db', '127.0.0.1:9000:80', '9000:80')
    ];
  },
  async lost() {
    const seen = {};
    await claimBy({ store: emptyStore() }, 'web', '8080:80');
    await claimBy({ store: emptyStore() }, 'web.', '8090:80');
    seen.before = keepers().length;
    // Refused first by its own, that nobody knows of any more.
    seen.again = await claim('web', '8080:80');
    seen.two = keepers().length;
    await claimBy({ store: emptyStore() }, 'db', '8081:80');
    seen.repeated = await claimBy({ repeated: true }, 'db', '8082:80');
    seen.three = keepers().length;
    await claimBy({ store: emptyStore() }, 'old', '8083:80');
    await release('old', { repeated: true });
    seen.otherRoot = await claimBy({ root: '/srv/two', store: emptyStore() }, 'web', '8080:80');
    await release('web');
    await release('db');
    seen.gone = await release('web.', { repeated: true });
    await claim('db');
    seen.left = keepers();
    return seen;
  },
  async again() {
    const first = await claim('web', '8080:80');
    const [before] = keepers();
    const same = await claim('web', '8080:80');
    const [after] = keepers();
    process.kill(Number(after), 'SIGKILL');
    while (keepers().length > 0) await setImmediate();
    const mended = await claim('web', '8080:80');
    const [third] = keepers();
    const buried = zombies();
    const failed = await claim('web', '192.0.2.1:1:1');
    return {
      facts: [first, same, mended].map(({ type }) => type),
      isSame: before === after,
      isNew: third !== after,
      failed,
      held: held.entries,
      buried,
      left: keepers()
    };
  },
  // Before a program that was started has come to have its environment.
  async hasty() {
    for (let turn = 0; turn < 30; turn++) {
      await claim('web', '8080:80');
      await release('web');
    }
    return { claimed: await claim('web', '8080:80'), one: keepers().length };
  },
  async told() {
    return forwardedAtMost([4, 6], (chain) => /^(CNI-DN-|DOCKER$)/.test(chain)) ?? 'unknown';
  },
  async meddled() {
    const failing = { ...store, allocate: () => Promise.reject(new Error('the disk is full')) };
    return { fact: await claimBy({ store: failing }, 'web', '8080:80'), left: keepers() };
  },
  async unreserved() {
    const claimed = await claimBy({ reservePorts: false }, 'web', '8080:80', '81');
    const server = await listen({ host: '0.0.0.0', port: 8080 });
    server.close();
    return { claimed, left: keepers() };
  },
  async large() {
    const before = performance.now();
    const claimed = await claim('web', '20000-29999:20000-29999', '8080:80');
    const ms = performance.now() - before;
    const [keeper] = keepers();
    const open = readdirSync(`/proc/${keeper}/fd`).length;
    const status = readFileSync(`/proc/${keeper}/status`, 'utf8');
    await release('web');
    return { claimed, open, ms, rss: /VmRSS:\s*(\d+)/.exec(status)[1], left: keepers() };
  },
  async thousand() {
    const claimed = await claim('web', '20000-20999:20000-20999');
    const [keeper] = keepers();
    const open = readdirSync(`/proc/${keeper}/fd`).length;
    return { claimed, open, released: await release('web'), left: keepers() };
  },
  async forwarded() {
    return {
      front: await claim('late', '8080:80'),
      udp: await claim('late', '8080:80/udp'),
      elsewhere: await claim('late', '127.0.0.1:8081:80'),
      address: await claim('late', '192.0.2.1:8081:80'),
      v6: await claim('late', '[::1]:8082:80'),
      both: await claim('late', '8070-8090:70-90/sctp'),
      asked: tools.splice(0).sort(),
      free: [await claim('late', '8086:80', '90'), tools.splice(0)],
      own: await claim('web', '8080:80'),
      written: await claim('late', '8084:80'),
      orphan: await claim('late', '8085:80')
    };
  }
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
// The sandbox serves the next case, too; nobody else's keepers are in it.
for (const pid of keepers()) process.kill(Number(pid), 'SIGKILL');
