// Run inside a sandbox: node ports.fixture.mjs CASE; prints what it saw as one line of JSON.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { parsePublish } from '../../../dist/model/port.js';
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
const claims = portClaims(store);
const context = { operation: 'op', repeated: false, signal: new AbortController().signal };
const claim = async (container, ...texts) => {
  try {
    return { ports: await claims.claim(container, texts.map(parsePublish), context) };
  } catch ({ code, message }) {
    return { refusal: { code, message } };
  }
};
const ownersOf = ({ entries }) => entries.map(({ owner }) => owner).sort();
const leftAfter = async (container) => {
  await claims.release(container, context);
  return ownersOf(held);
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
      held: ownersOf(held),
      left: [await leftAfter('web'), await leftAfter('web')]
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
      held.entries.push({ owner: 'container/quick', entry: parsePublish('8080:80') });
    };
    return [await claim('slow', '8080:80'), await claim('slow', '8081:80')];
  },
  async unprivileged() {
    return claim('a', '80:80');
  }
};

console.log(JSON.stringify(await cases[process.argv[2]]()));
