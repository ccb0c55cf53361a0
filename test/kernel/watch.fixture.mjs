// Run inside a sandbox: node watch.fixture.mjs CASE; prints what it saw as one line of JSON.
import { execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync
} from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers';
import { watchFiles } from '../../dist/effects/watch/files.js';
import { watchKernel } from '../../dist/effects/watch/kernel.js';
import { libc } from '../../dist/syscalls/libc.js';
import {
  change,
  drainEvents,
  dump,
  openNetlink,
  subscribeNetlink
} from '../../dist/syscalls/netlink-socket.js';
import { decodeLink, listLinks, RTM_GETLINK } from '../../dist/syscalls/netlink-route.js';
import { inspectNetnsPath } from '../../dist/syscalls/nsfs.js';
import { observeLinks, observeNetwork } from '../../dist/syscalls/observe.js';
import { processIdentity } from '../../dist/syscalls/process-identity.js';

const HOME = readlinkSync('/proc/self/ns/net');
const ROUTE = 0;
const NEWLINK = 16;
const O_CLOEXEC = 0o2000000;
const SPLIT = 0x300;

const changes = [];
const troubles = [];
const told = new EventEmitter();
const options = {
  onChange(one) {
    changes.push(one);
    told.emit('change');
  },
  onTrouble: ({ code }) => troubles.push(code),
  quietMs: 20
};

const cases = {
  async host() {
    const watch = await watchKernel(options);
    sh('ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up');
    const seen = [
      await after(link(null, 'v0'), 'ip link set v0 mtu 1400'),
      await after(address(null, '10.1.2.3/24'), 'ip addr add 10.1.2.3/24 dev v0'),
      await after(address(null, 'fd00::5/64'), 'ip addr add fd00::5/64 dev v0 nodad'),
      await after(route(null, '10.7.0.0/16'), 'ip route add 10.7.0.0/16 via 10.1.2.9'),
      await after(route(null, 'fd07::/64'), 'ip -6 route add fd07::/64 via fd00::9'),
      await after(route(null, '10.7.0.0/16', false), 'ip route del 10.7.0.0/16'),
      await after(address(null, '10.1.2.3/24', false), 'ip addr del 10.1.2.3/24 dev v0'),
      await after(link(null, 'v0', false), 'ip link del v0')
    ];
    return { seen, ...(await quiet()), ...(await closed(watch)) };
  },
  async container() {
    sh('ip netns add web && ip -n web link add eth0 type veth && ip -n web link set eth0 up');
    sh(
      'ip -n web addr add 10.1.2.3/24 dev eth0 && ip netns add other && ip -n other link set lo up'
    );
    const watch = await watchKernel(options);
    await watch.addNetns('web', netnsAt('/run/netns/web'));
    await watch.addNetns('other', netnsAt('/run/netns/other'));
    const seen = [
      await after(address('web', '10.1.2.3/24', false), 'ip -n web addr del 10.1.2.3/24 dev eth0'),
      await after(link('web', 'eth0', false), 'ip -n web link del eth0'),
      await after(route('other', '10.9.0.0/16'), 'ip -n other route add 10.9.0.0/16 dev lo')
    ];
    await watch.removeNetns('other');
    sh('ip -n other addr add 10.5.5.5/24 dev lo');
    sh('ip link add outer type veth peer name inner netns web');
    const gone = await after((one) => one.kind === 'netns', 'ip netns del web');
    // With the last socket in it the netns ends, and with it the links to it.
    await until(() => changes.some(link(null, 'outer', false)));
    const late = await codeOf(
      watch.addNetns('web', { path: '/run/netns/web', device: '1', inode: '2' })
    );
    const wrong = await codeOf(
      watch.addNetns('other', { path: '/run/netns/other', device: '1', inode: '2' })
    );
    return {
      seen,
      gone,
      late,
      wrong,
      ...(await quiet()),
      ...(await closed(watch))
    };
  },
  async replaced() {
    sh('ip netns add web');
    const watch = await watchKernel(options);
    await watch.addNetns('web', netnsAt('/run/netns/web'));
    const seen = await after((one) => one.kind === 'netns', 'ip netns del web; ip netns add web');
    return { seen, ...(await closed(watch)) };
  },
  async many() {
    const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
    sh(names.map((name) => `ip netns add ${name}`).join('\n'));
    const before = threads();
    const watch = await watchKernel(options);
    await Promise.all(names.map((name) => watch.addNetns(name, netnsAt(`/run/netns/${name}`))));
    const more = threads() - before;
    sh(names.map((name) => `ip -n ${name} link set lo up`).join('\n'));
    await until(() => names.every((name) => changes.some(link(name, 'lo'))));
    return { more, ...(await quiet()), ...(await closed(watch)) };
  },
  async firewall() {
    const watch = await watchKernel(options);
    const seen = [
      await after(firewall('nftables'), 'nft add table ip x'),
      await after(firewall('nftables'), 'iptables-nft -t nat -A POSTROUTING -j MASQUERADE'),
      await after(firewall('nftables'), 'nft flush ruleset'),
      await after(firewall('legacy'), 'iptables-legacy -t nat -A POSTROUTING -j MASQUERADE'),
      // As many rules of the same size as before.
      await after(
        firewall('legacy'),
        'iptables-legacy -t nat -R POSTROUTING 1 -s 10.0.0.1 -j MASQUERADE'
      ),
      await after(firewall('legacy'), 'iptables-legacy -t nat -F'),
      await after(firewall('legacy'), 'ip6tables-legacy -A INPUT -j ACCEPT')
    ];
    // Packets change counters, which are no rules.
    sh(
      "node -e \"require('dgram').createSocket('udp6').send('x', 9, '::1', () => process.exit())\""
    );
    sh('nft list ruleset && iptables-legacy-save && iptables-nft-save');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    return { seen, ...(await quiet()), ...(await closed(watch)) };
  },
  async exit() {
    const watch = await watchKernel(options);
    const [one, kept, ended, forgotten] = ['1', '2', '3', '4'].map(() => spawn('sleep', ['100']));
    const identities = [one, kept, ended, forgotten].map(({ pid }) => processIdentity(pid));
    ended.kill('SIGKILL');
    await once(ended, 'exit');
    await watch.addProcess('one', identities[0]);
    await watch.addProcess('kept', identities[1]);
    await watch.addProcess('forgotten', identities[3]);
    await watch.removeProcess('forgotten');
    forgotten.kill('SIGKILL');
    await once(forgotten, 'exit');
    await watch.addProcess('ended', identities[2]);
    await until(() => changes.some(({ key }) => key === 'ended'));
    one.kill('SIGKILL');
    await until(() => changes.some(({ key }) => key === 'one'));
    // Another process with the number of one that has ended.
    await watch.addProcess('other', { ...identities[1], startTicks: '1' });
    await until(() => changes.some(({ key }) => key === 'other'));
    const seen = changes.filter(({ kind }) => kind === 'exit').map(({ key }) => key);
    const files = { ...(await quiet()), ...(await closed(watch)) };
    kept.kill('SIGKILL');
    return { seen, ...files };
  },
  async overrun() {
    const watch = await watchKernel(options);
    const lines = Array.from(
      { length: 3000 },
      (_, n) => `addr add 10.${n >> 8}.${n & 255}.1/32 dev lo`
    );
    writeFileSync('/run/batch', lines.join('\n'));
    sh('ip -batch /run/batch');
    await until(() => changes.some(({ kind }) => kind === 'overrun'));
    const seen = changes.find(({ kind }) => kind === 'overrun');
    sh('ip addr add 172.31.255.1/32 dev lo');
    await until(() => changes.some(address(null, '172.31.255.1/32')) || last().kind === 'overrun');
    return { seen, ...(await closed(watch)) };
  },
  // A subscription that nobody reads, and lists that are longer than one answer.
  async netlink() {
    const few = subscribeNetlink(ROUTE, [5], 4096);
    const lines = Array.from(
      { length: 2000 },
      (_, n) => `addr add 10.${n >> 8}.${n & 255}.1/32 dev lo`
    );
    writeFileSync('/run/batch', lines.join('\n'));
    sh('ip -batch /run/batch');
    const lost = [drainEvents(few, () => undefined).lost, drainEvents(few, () => undefined).lost];
    few.close();
    const listed = observeNetwork().addresses.filter(({ address }) =>
      address.startsWith('10.')
    ).length;
    return { lost, listed, again: changedMeanwhile(), refused: refusals(), fds: sockets() };
  },
  async lost() {
    sh('ip netns add web');
    const watch = await watchKernel(options);
    await watch.addNetns('web', netnsAt('/run/netns/web'));
    spoilSockets();
    sh('ip addr add 10.254.0.1/32 dev lo');
    const isOverrun = (netns) => (one) => one.kind === 'overrun' && one.netns === netns;
    await until(() => changes.some(isOverrun(null)) && changes.some(isOverrun('web')));
    const seen = await after(link('web', 'lo'), 'ip -n web link set lo up');
    return { troubles, seen, ...(await quiet()), ...(await closed(watch)) };
  },
  async exitWhileWatching() {
    await watchKernel(options);
    process.stdout.write(JSON.stringify({ seen: 'exiting' }) + '\n');
    process.exit(7);
  },
  async throwWhileWatching() {
    await watchKernel(options);
    setImmediate(() => {
      throw new Error('a fault elsewhere');
    });
  },
  async notPermitted() {
    return codeOf(watchKernel(options));
  },
  async inotifyExhausted(confDir) {
    const watch = watchFiles({
      ...options,
      resolvConfs: [],
      confDirs: [confDir],
      pluginDirs: [],
      netnsDirs: [],
      pollMs: 50,
      resyncMs: 200
    });
    writeFileSync(`${confDir}/polled`, '');
    await until(() => changes.length === 1);
    const polled = changes.splice(0);
    writeFileSync('/proc/sys/user/max_inotify_instances', '100');
    // From here on the watch is back: nothing else opens inotify.
    await untilInotify();
    writeFileSync(`${confDir}/watched`, '');
    await until(() => changes.length === 1);
    const watched = changes.splice(0);
    watch.close();
    return { troubles, polled, watched };
  }
};

const [name, ...args] = process.argv.slice(2);
const result = await cases[name](...args);
process.stdout.write(JSON.stringify(result) + '\n');

function sh(script) {
  execFileSync('sh', ['-euc', script], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function after(predicate, script) {
  changes.length = 0;
  sh(script);
  await until(() => changes.some(predicate));
  return seenIn(changes.find(predicate), predicate);
}

function seenIn(one, predicate) {
  if (one.objects === undefined) return one;
  const objects = one.objects.filter((object) => predicate({ ...one, objects: [object] }));
  return { ...one, objects: objects.map(withoutIndex) };
}

function withoutIndex(object) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'index'));
}

async function until(isDone) {
  while (!isDone()) await once(told, 'change');
}

async function untilInotify() {
  const has = () => links().some((target) => target === 'anon_inode:inotify');
  while (!has()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What comes by itself before a last change is seen: nothing. */
async function quiet() {
  const settled = () => observeNetwork().addresses.length;
  for (let before = -1; before !== settled();) {
    before = settled();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  changes.length = 0;
  sh('ip addr add 172.30.0.1/32 dev lo');
  await until(() => changes.some(address(null, '172.30.0.1/32')));
  const besides = changes.filter((one) => !address(null, '172.30.0.1/32')(one));
  sh('ip addr del 172.30.0.1/32 dev lo');
  return { besides };
}

async function closed(watch) {
  const inside = links().filter((target) => target.startsWith('anon_inode:[pidfd]')).length;
  await watch.close();
  await watch.close();
  const isWatchThread = (task) => /watch/i.test(comm(task));
  return {
    strangers: strangers(),
    left: { netlink: sockets(), pidfds: inside > 0 ? pidfds() : 0, netns: heldNetns() },
    threads: tasks().filter(isWatchThread).length
  };
}

function pidfds() {
  return links().filter((target) => target.startsWith('anon_inode:[pidfd]')).length;
}

/** Netlink sockets of this process, which the kernel lists by the number of its first thread. */
function sockets() {
  const ours = new Set(links().flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  const rows = readFileSync('/proc/net/netlink', 'utf8').trim().split('\n').slice(1);
  return rows.filter((row) => ours.has(row.trim().split(/\s+/).at(-1))).length;
}

function heldNetns() {
  return links().filter((target) => target.startsWith('net:') && target !== HOME).length;
}

function links() {
  return readdirSync('/proc/self/fd').map(linkOf);
}

function tasks() {
  return readdirSync('/proc/self/task');
}

function threads() {
  return tasks().length;
}

function comm(task) {
  return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
}

function strangers() {
  return tasks().filter((task) => readlinkSync(`/proc/self/task/${task}/ns/net`) !== HOME);
}

function netnsAt(path) {
  return { path, ...inspectNetnsPath(path) };
}

function codeOf(promise) {
  return promise.then(
    () => 'done',
    ({ code }) => code
  );
}

function link(netns, name, present = true) {
  return object('link', netns, (one) => one.name === name && one.present === present);
}

function address(netns, text, present = true) {
  return object('address', netns, (one) => one.address === text && one.present === present);
}

function route(netns, text, present = true) {
  return object('route', netns, (one) => one.destination === text && one.present === present);
}

function object(kind, netns, matches) {
  return (one) => one.kind === kind && one.netns === netns && one.objects.some(matches);
}

function firewall(backend) {
  return (one) => one.kind === 'firewall' && one.backend === backend;
}

function last() {
  return changes.at(-1);
}

/** A list of links that changes between its parts: how often it is begun again, and what it holds. */
function changedMeanwhile() {
  const names = Array.from({ length: 60 }, (_, index) => `w${index}`);
  sh(names.map((name) => `ip link add ${name} type veth peer name ${name}p`).join('\n'));
  const socket = openNetlink(ROUTE);
  const request = { type: RTM_GETLINK, doing: 'list links', payload: listLinks() };
  let [parts, restarts, found] = [0, 0, []];
  for (const part of dump(socket, request)) {
    if (part === 'again') [restarts, found] = [restarts + 1, []];
    else found.push(...part.map(decodeLink));
    parts += 1;
    if (parts === 1) sh('ip link del w0 && ip link add late type veth peer name latep');
  }
  socket.close();
  const listed = found.map(({ name }) => name).sort();
  const whole = observeLinks()
    .map(({ name }) => name)
    .sort();
  return { several: parts > 3, restarts, same: listed.join() === whole.join() };
}

function refusals() {
  const socket = openNetlink(ROUTE);
  const noLink = Buffer.alloc(16);
  noLink.writeInt32LE(9999, 4);
  try {
    return [
      messageOf(() =>
        change(socket, { type: NEWLINK + 1, doing: 'delete link 9999', payload: noLink }, 0)
      ),
      messageOf(() =>
        change(socket, { type: 9999, doing: 'ask for nonsense', payload: noLink }, SPLIT)
      )
    ];
  } finally {
    socket.close();
  }
}

function messageOf(work) {
  try {
    work();
    return 'done';
  } catch ({ code, message }) {
    return { code, message };
  }
}

/** Puts another file in the place of the thread's sockets, so that it can't go on. */
function spoilSockets() {
  const dup3 = process.arch === 'x64' ? 292n : 24n;
  const spare = openSync('/dev/null', 'r');
  const rows = readFileSync('/proc/net/netlink', 'utf8').trim().split('\n').slice(1);
  const routes = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[1] === '0');
  const inodes = new Set(routes.map((row) => row.at(-1)));
  for (const fd of readdirSync('/proc/self/fd')) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(fd)) ?? [];
    if (inodes.has(inode)) libc('syscall', dup3, spare, Number(fd), O_CLOEXEC);
  }
  closeSync(spare);
}

function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
