// Run as the root of a user namespace, in the host's netns: node forward.fixture.mjs DIRECTORY.
// Makes two netns, `shared` and `ctr`, joined by a link, and a forwarder that does what it is told
// by `control.fixture.ts`. What its servers print it prints.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startForwarder } from '../../dist/effects/forward/forwarder.js';
import { parsePublish } from '../../dist/model/port.js';
import { libc } from '../../dist/syscalls/libc.js';
import { startNetnsThread } from '../../dist/syscalls/netns-thread.js';
import { serveControl } from './control.fixture.mjs';

const [directory] = process.argv.slice(2);
const sh = (script) => execFileSync('sh', ['-euc', script]).toString();
const ECHO = fileURLToPath(new URL('../sandbox/echo-server.mjs', import.meta.url));

const thread = startNetnsThread();
const netns = {};
mkdirSync(`${directory}/netns`);
for (const name of ['shared', 'ctr', 'other']) {
  const path = `${directory}/netns/${name}`;
  writeFileSync(path, '');
  netns[name] = { path, ...(await thread.create(path)) };
}
const inside = (name) => `nsenter --net=${netns[name].path}`;
await thread.close();
sh(`
  ${inside('shared')} ip link add web type veth peer name eth0
  ${inside('shared')} ip link set eth0 netns ${netns.ctr.path}
  ${inside('shared')} ip addr add 10.90.0.1/24 dev web
  ${inside('shared')} ip addr add fd90::1/64 dev web nodad; ${inside('shared')} ip link set web up
  for address in 10.90.0.5/24 10.90.0.6/24; do ${inside('ctr')} ip addr add $address dev eth0; done
  ${inside('ctr')} ip addr add fd90::5/64 dev eth0 nodad; ${inside('ctr')} ip link set eth0 up
`);

const troubles = [];
const forwarder = startForwarder({
  onTrouble: (failure) => troubles.push(failure.code),
  udpIdleMs: 400,
  flowsMax: 6
});
const { signal } = new AbortController();
const servers = [];

const requests = {
  publish: ({ container, ports }) =>
    forwarder.publish(container, ports.flatMap(parsePublish), { taken: [], signal }),
  aim: ({ container, at, addresses, aim }) =>
    forwarder.aim(container, aim ?? { netns: netns[at], addresses }),
  withdraw: ({ container }) => forwarder.withdraw(container),
  counters: async ({ container }) => (await forwarder.counters()).get(container),
  troubles: () => troubles,
  replaced: ({ container, at }) =>
    forwarder.aim(container, { netns: { ...netns[at], inode: '1' }, addresses: ['10.90.0.5'] }),
  sh: ({ at, script }) => sh(at === undefined ? script : `${inside(at)} sh -euc '${script}'`),
  descriptors: () => readdirSync('/proc/self/fd').length,
  async serve({ at, protocol, port, address }) {
    const args = [`--net=${netns[at].path}`, process.execPath, ECHO, protocol, port, address];
    const server = spawn('nsenter', args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    servers.push(server);
    await new Promise((resolve) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        if (line === 'listening') resolve();
        else console.log(`${address}:${port}/${protocol} ${line}`);
      });
    });
  },
  endServers: () => servers.splice(0).forEach((server) => server.kill('SIGKILL')),
  spoilWayHome,
  async close() {
    await forwarder.close();
    control.close();
  }
};

const control = serveControl(directory, requests);

// Puts another file in the place of the forwarding thread's descriptor of the netns it returns to.
function spoilWayHome() {
  const dup3 = process.arch === 'x64' ? 292n : 24n;
  const spare = openSync('/dev/null', 'r');
  const known = [readlinkSync('/proc/self/ns/net')].concat(
    Object.values(netns).map(({ inode }) => `net:[${inode}]`)
  );
  const fds = readdirSync('/proc/self/fd').filter((fd) => {
    const link = linkOf(fd);
    return link.startsWith('net:[') && !known.includes(link);
  });
  for (const fd of fds) libc('syscall', dup3, spare, Number(fd), 0);
  closeSync(spare);
  return fds.length;
}

function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
