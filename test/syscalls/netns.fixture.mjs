// Run inside a sandbox: node netns.fixture.mjs CASE [ARG…]; prints what it saw as one line of JSON.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { netnsAt, netnsEffects, verifyNetns } from '../../dist/effects/netns.js';
import { libc } from '../../dist/syscalls/libc.js';
import { startNetnsThread } from '../../dist/syscalls/netns-thread.js';

const RUN_DIR = '/run/netns';
const HOME = readlinkSync('/proc/self/ns/net');
const thread = startNetnsThread();
const effects = netnsEffects({
  thread,
  runDir: RUN_DIR,
  nameOf: (namespace) => `mooring-${namespace}`
});

const cases = {
  async roundTrip() {
    const created = await create('web');
    const { netns } = created;
    const flags = loFlags(netns.path);
    const verified = await verify('web', netns);
    const listed = sh('ip netns list');
    const removed = [await remove('web', netns), await remove('web', netns)];
    const gone = await verify('web', netns);
    return { created, flags, verified, listed, removed, gone };
  },
  async many(count) {
    const times = [];
    for (let index = 0; index < Number(count); index++) {
      const start = performance.now();
      const { netns } = await create('web');
      const made = performance.now();
      await remove('web', netns);
      times.push([made - start, performance.now() - made]);
    }
    const descriptors = openFiles();
    return { create: median(times, 0), remove: median(times, 1), descriptors };
  },
  async parallel() {
    const names = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const created = await Promise.all(names.map((name) => create(name)));
    const same = created.map(({ netns }) => verifyNetns(netns));
    const inodes = new Set(created.map(({ netns }) => netns.inode)).size;
    const removed = await Promise.all(created.map((fact) => remove(fact.namespace, fact.netns)));
    return { same, inodes, removed: removed.map(({ type }) => type) };
  },
  async ofProcess() {
    const child = spawn('unshare', ['--net', 'sleep', '60'], { stdio: 'ignore' });
    await untilElsewhere(child.pid);
    const origin = { pid: child.pid, startTime: startTimeOf(child.pid) };
    const theirs = readlinkSync(`/proc/${child.pid}/ns/net`);
    const created = await create('web', undefined, origin);
    const flags = loFlags(created.netns.path);
    const later = await create('later', undefined, { ...origin, startTime: '1' });
    child.kill();
    await once(child, 'exit');
    const still = verifyNetns(created.netns);
    const ended = await create('late', undefined, origin);
    const { type } = await remove('web', created.netns);
    return { same: theirs === `net:[${created.netns.inode}]`, flags, later, still, ended, type };
  },
  async ofHost() {
    return create('web', undefined, { pid: process.pid, startTime: startTimeOf(process.pid) });
  },
  async atPath() {
    const { netns } = await create('web');
    symlinkSync(netns.path, '/run/link');
    const found = [netns.path, '/run/link', '/proc/self/ns/net'].map((path) => netnsAt(path).inode);
    const refused = ['/run/netns/none', '/etc/hostname'].map((path) => {
      try {
        return netnsAt(path);
      } catch ({ code, message }) {
        return { code, message };
      }
    });
    await remove('web', netns);
    const same = found[0] === netns.inode && found[1] === netns.inode;
    return { same, own: HOME === `net:[${found[2]}]`, refused };
  },
  async createOne(name) {
    return create(name);
  },
  async exists() {
    const { netns } = await create('web');
    const second = await create('web');
    const still = verifyNetns(netns);
    await remove('web', netns);
    return { second, still };
  },
  async plain() {
    const { netns } = await create('web');
    sh(`umount ${netns.path}`);
    const state = verifyNetns(netns);
    const verified = await verify('web', netns);
    const recorded = await remove('web', netns);
    writeFileSync(netns.path, '');
    const interrupted = await remove('web', null);
    return { state, verified, recorded, interrupted };
  },
  async interrupted() {
    await create('web');
    return { removed: [await remove('web', null), await remove('web', null)] };
  },
  async replaced() {
    const { netns } = await create('web');
    sh('ip netns add other');
    sh(`umount ${netns.path} && mount --bind ${RUN_DIR}/other ${netns.path}`);
    const state = verifyNetns(netns);
    const verified = await verify('web', netns);
    const removed = await remove('web', netns);
    const other = loFlags(netns.path);
    sh(`umount ${netns.path} && rm ${netns.path} && ip netns del other`);
    return { state, verified, removed, other };
  },
  async stacked() {
    const { netns } = await create('web');
    // In a shared directory each mount is given back to the one below: 2, 4, 8.
    for (let times = 0; times < 3; times++) sh(`mount --bind ${netns.path} ${netns.path}`);
    const before = mountsAt(netns.path);
    return { before, removed: await remove('web', netns), after: mountsAt(netns.path) };
  },
  async symlink() {
    const { netns } = await create('web');
    const path = `${RUN_DIR}/mooring-link`;
    symlinkSync(netns.path, path);
    const facts = [
      await remove('link', null),
      await remove('link', { ...netns, path }),
      await create('link')
    ];
    const state = [verifyNetns({ ...netns, path }), verifyNetns(netns), readlinkSync(path)];
    sh(`rm ${path}`);
    await remove('web', netns);
    return { facts, state };
  },
  async badNames() {
    return Promise.all(['/../x', ' ', 'a\0b'].map((name) => create(name)));
  },
  async aborted() {
    return [await create('web', AbortSignal.abort()), existsSync(`${RUN_DIR}/mooring-web`)];
  },
  async runDirIsLink() {
    mkdirSync('/run/elsewhere');
    symlinkSync('/run/elsewhere', '/run/linked');
    const linked = netnsEffects({ thread, runDir: '/run/linked', nameOf: (name) => name });
    const fact = await linked['netns.create']({ namespace: 'web' }, context());
    return { fact, made: readdirSync('/run/elsewhere') };
  },
  // Killed at ten different moments, a creation leaves a file, a netns or nothing.
  async killed() {
    const removed = [];
    for (let round = 0; round < 10; round++) {
      const child = spawn(process.execPath, [SELF, 'createForever'], {
        stdio: ['ignore', 'pipe', 'inherit']
      });
      await once(child.stdout, 'data');
      for (let turn = 0; turn < round * 20; turn++) await eventLoopTurn();
      child.kill('SIGKILL');
      await once(child, 'exit');
      removed.push((await remove('victim', null)).type);
    }
    return { removed };
  },
  async createForever() {
    const { netns } = await create('victim');
    await remove('victim', netns);
    process.stdout.write('going\n');
    for (;;) await remove('victim', (await create('victim')).netns);
  },
  async lost() {
    const first = (await create('first')).netns;
    spoilWayHome();
    const [lost, behind] = await Promise.all([create('second'), create('third')]);
    const next = await create('second');
    await remove('first', first);
    await remove('second', next.netns);
    return { lost, behind: behind.failure?.code, next: next.type };
  },
  async close() {
    const path = '/run/file';
    writeFileSync(path, '');
    const creating = thread.create(path);
    const [identity] = await Promise.all([creating, thread.close()]);
    const state = verifyNetns({ path, ...identity });
    const flags = loFlags(path);
    await remove('file', { path, ...identity });
    await thread.close();
    return { state, flags, late: await create('late') };
  },
  async threadAlone(path) {
    return thread.create(path).catch(({ code, message }) => ({ code, message }));
  }
};

const SELF = fileURLToPath(import.meta.url);
const [name, ...args] = process.argv.slice(2);
const seen = await cases[name](...args);
process.stdout.write(
  JSON.stringify({ seen, strangers: strangers(), left: left(), stillOpen: openFiles() }) + '\n'
);

/** Puts another file in the place of the thread's descriptor of its own netns. */
function spoilWayHome() {
  const dup3 = process.arch === 'x64' ? 292n : 24n;
  const spare = openSync('/dev/null', 'r');
  for (const fd of readdirSync('/proc/self/fd')) {
    if (linkOf(`/proc/self/fd/${fd}`) === HOME) libc('syscall', dup3, spare, Number(fd), 0);
  }
  closeSync(spare);
}

function context(signal = new AbortController().signal) {
  return { operation: 'operation', signal };
}

function create(namespace, signal, origin) {
  const request = { type: 'netns.create', namespace, ...(origin && { origin }) };
  return effects['netns.create'](request, context(signal));
}

function startTimeOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function untilElsewhere(pid) {
  while (readlinkSync(`/proc/${pid}/ns/net`) === HOME) await eventLoopTurn();
}

function verify(namespace, netns) {
  return effects['netns.verify']({ type: 'netns.verify', namespace, netns }, context());
}

function remove(namespace, netns) {
  return effects['netns.remove']({ type: 'netns.remove', namespace, netns }, context());
}

function loFlags(path) {
  const links = execFileSync('nsenter', [`--net=${path}`, 'ip', '-j', 'link', 'show', 'lo']);
  return JSON.parse(links.toString())[0].flags;
}

/** Threads of this process that are not in the netns it began in. */
function strangers() {
  const tasks = readdirSync('/proc/self/task');
  return tasks.filter((task) => linkOf(`/proc/self/task/${task}/ns/net`) !== HOME);
}

function left() {
  const files = existsSync(RUN_DIR) ? readdirSync(RUN_DIR) : [];
  return { files, mounts: mountPoints().filter((point) => point.startsWith(`${RUN_DIR}/`)) };
}

function openFiles() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    const target = linkOf(`/proc/self/fd/${fd}`);
    return target?.startsWith('/run/') || (target?.startsWith('net:') && target !== HOME);
  }).length;
}

function mountsAt(path) {
  return mountPoints().filter((point) => point === path).length;
}

function mountPoints() {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => line.split(' ')[4] ?? []);
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function median(rows, column) {
  const sorted = rows.map((row) => row[column]).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function sh(command) {
  return execFileSync('sh', ['-c', command]).toString().trim();
}
