import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSlirpOptions } from '../dist/model/slirp-options.js';
import { parsePastaOptions } from '../dist/model/pasta-options.js';
import { parsePublish } from '../dist/model/port.js';
import { pastaStarter } from '../dist/effects/pasta/start.js';
import { slirpApi } from '../dist/effects/slirp/api.js';
import { slirpStarter } from '../dist/effects/slirp/start.js';
import { startNetnsThread } from '../dist/syscalls/netns-thread.js';

const SECONDS = Number(process.env.SECONDS_EACH ?? 2);
const ROUNDS = Number(process.env.FORWARD_ROUNDS ?? 3);
const PEER = fileURLToPath(new URL('./forward-peer.mjs', import.meta.url));
const BULK = 6_000;
const ECHO = 6_001;

/**
 * Published ports through a process: the forwarder beside slirp4netns' own, pasta's and, when
 * installed, rootlesskit's. On a busy machine the processor's time for a gigabyte and for a
 * connection is the figure to compare; the rates are those of the moment.
 */
export async function forward() {
  sh(NETWORK);
  const thread = startNetnsThread();
  const ways = [];
  const started = [];
  try {
    for (const way of [straight, mooring, mooringInside, hostfwd, pasta, rootlesskit]) {
      const ready = await way(thread, started);
      if (ready !== undefined) ways.push(ready);
    }
    for (let round = 0; round < ROUNDS; round += 1) for (const way of ways) await measure(way);
    for (const way of ways) report(way);
  } finally {
    for (const end of started.reverse()) await end();
    await thread.close();
  }
}

// `one` is reached over a link of netns `shared`, as a container of a bridge; the others by a tap.
const NETWORK = `
  for netns in shared one two three world; do ip netns add $netns; ip -n $netns link set lo up; done
  ip -n shared link add one type veth peer name eth0 netns one
  ip -n shared addr add 10.90.0.1/24 dev one; ip -n shared link set one up
  ip -n one addr add 10.90.0.5/24 dev eth0; ip -n one link set eth0 up
  ip link add world type veth peer name eth0 netns world
  ip addr add 192.0.2.1/24 dev world; ip link set world up
  ip -n world addr add 192.0.2.2/24 dev eth0; ip -n world link set eth0 up
  ip route add default via 192.0.2.2
`;

async function straight(_, started) {
  await serveIn(['ip', 'netns', 'exec', 'one'], started);
  const enter = ['ip', 'netns', 'exec', 'shared'];
  return wayOf('without a forward', { enter, address: '10.90.0.5', shift: 0, pids: () => [] });
}

const mooring = forwarder('mooring, bridge', 'shared', 1_000);
// As the port handler of slirp4netns, beside which rootlesskit's stands.
const mooringInside = forwarder('mooring, inside', 'one', 1_500);

function forwarder(name, netns, shift) {
  return async (_, started) => {
    const target = JSON.stringify(identity(`/run/netns/${netns}`));
    const ports = [BULK + shift, ECHO + shift];
    const argv = [PEER, 'forward', target, ...ports].map(String);
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(() => ended(child));
    await once(child.stdout, 'data');
    return wayOf(name, { address: '127.0.0.1', shift, pids: () => [child.pid] });
  };
}

async function hostfwd(thread, started) {
  await serveIn(['ip', 'netns', 'exec', 'two'], started);
  mkdirSync('/run/slirp', { mode: 0o700 });
  const apiSocket = '/run/slirp/socket';
  const start = slirpStarter({ thread, allowVulnerable: false, onTrouble: console.error });
  const options = parseSlirpOptions([]);
  const uplink = await start({ ...place('two'), options, apiSocket });
  started.push(() => uplink.stop());
  const api = slirpApi(apiSocket, { timeoutMs: 5_000 });
  for (const guestPort of [BULK, ECHO]) {
    const host = { hostAddress: '127.0.0.1', hostPort: guestPort + 2_000 };
    await api.addForward({ protocol: 'tcp', ...host, guestPort });
    await api.addForward({ protocol: 'udp', ...host, guestPort });
  }
  const pids = () => [uplink.process.pid];
  return wayOf('slirp4netns hostfwd', { address: '127.0.0.1', shift: 2_000, pids });
}

async function pasta(_, started) {
  await serveIn(['ip', 'netns', 'exec', 'three'], started);
  mkdirSync('/run/pasta', { mode: 0o700 });
  const ports = [BULK, ECHO].flatMap((port) => parsePublish(`${port + 3_000}:${port}/tcp,udp`));
  const start = { ...place('three'), options: parsePastaOptions([]), ports, runDir: '/run/pasta' };
  const uplink = await pastaStarter({})(start);
  started.push(() => uplink.stop());
  const pids = () => [uplink.process.pid];
  return wayOf('pasta', { address: '127.0.0.1', shift: 3_000, pids });
}

async function rootlesskit(_, started) {
  if (!existsSync('/usr/bin/rootlesskit')) {
    console.log('forward: rootlesskit is not installed, so it is not compared');
    return undefined;
  }
  const ports = [BULK, ECHO].flatMap((port) =>
    ['tcp', 'udp'].flatMap((protocol) => ['-p', `127.0.0.1:${port + 4_000}:${port}/${protocol}`])
  );
  const net = ['--net=slirp4netns', '--disable-host-loopback', '--port-driver=builtin'];
  // It won't run for a user without a range of ids, as root may be.
  sh(
    'for file in subuid subgid; do echo root:100000:65536 >/run/$file; touch /etc/$file; mount --bind /run/$file /etc/$file; done'
  );
  const enter = ['rootlesskit', '--state-dir=/run/rootlesskit', ...net, ...ports];
  const server = await serveIn(enter, started);
  const pids = () => descendants(server.pid).filter((pid) => nameOf(pid) === 'rootlesskit');
  return wayOf('rootlesskit builtin', { address: '127.0.0.1', shift: 4_000, pids });
}

function wayOf(name, { enter = [], address, shift, pids }) {
  return { name, enter, address, bulk: BULK + shift, echo: ECHO + shift, pids, seen: {} };
}

async function measure(way) {
  const { seen } = way;
  const note = (what, value) => (seen[what] ??= []).push(value);
  const peer = async (mode, port) => {
    const before = cpuMs(way.pids());
    const argv = [...way.enter, process.execPath, PEER, mode, way.address, port, SECONDS];
    const child = spawn(argv[0], argv.slice(1).map(String), {
      stdio: ['ignore', 'pipe', 'inherit']
    });
    const [text] = await once(child.stdout, 'data');
    await once(child, 'exit');
    const result = JSON.parse(text);
    return { ...result, cpuMs: cpuMs(way.pids()) - before };
  };
  for (const [mode, label] of [
    ['send', 'in'],
    ['fetch', 'out']
  ]) {
    const { bytes, seconds, cpuMs: cpu } = await peer(mode, way.bulk);
    note(`Gbit/s ${label}`, (bytes * 8) / seconds / 1e9);
    note(`CPU ms/GB ${label}`, cpu / (bytes / 1e9));
  }
  note('round trip µs', (await peer('ping', way.echo)).p50Us);
  const { connections, seconds, cpuMs: cpu } = await peer('connect', way.echo);
  note('connections/s', connections / seconds);
  note('CPU ms/1000 connections', (cpu / connections) * 1_000);
  const udp = await peer('datagrams', way.echo);
  note('datagrams/s', udp.answers / udp.seconds);
  note('CPU ms/1000 datagrams', (udp.cpuMs / udp.answers) * 1_000);
}

function report({ name, seen }) {
  const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  const figures = Object.entries(seen).map(([what, values]) => {
    const value = median(values);
    return `${what} ${Number.isFinite(value) ? value.toPrecision(3) : '-'}`;
  });
  console.log(`forward: ${name.padEnd(20)} ${figures.join('  ')}`);
}

async function serveIn(enter, started) {
  const argv = [...enter, process.execPath, PEER, 'serve', BULK, ECHO];
  const child = spawn(argv[0], argv.slice(1).map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(() => ended(child));
  const over = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`${argv[0]}: ${code}`))
  );
  await Promise.race([once(child.stdout, 'data'), over]);
  over.catch(() => undefined);
  return child;
}

async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function place(netns) {
  const signal = new AbortController().signal;
  return { netns: identity(`/run/netns/${netns}`), env: {}, timeoutMs: 10_000, signal };
}

function identity(path) {
  const { dev, ino } = statSync(path, { bigint: true });
  return { path, device: String(dev), inode: String(ino) };
}

function descendants(pid) {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = pids.filter((one) => statOf(one)?.[1] === String(pid));
  return [pid, ...children.flatMap(descendants)];
}

// In hundredths of a second, which is what the kernel counts.
function cpuMs(pids) {
  return pids.reduce((sum, pid) => {
    const fields = statOf(pid) ?? [];
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
  }, 0);
}

function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function nameOf(pid) {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

function sh(script) {
  execFileSync('sh', ['-euc', script], { stdio: ['ignore', 'ignore', 'inherit'] });
}
