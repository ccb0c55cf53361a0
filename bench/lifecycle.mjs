// What a user waits for once containers are up: reload, connect, disconnect, and a reload of many
// after the firewall was flushed. Beside it the same by `podman`, when that is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openMooring } from '../dist/mooring.js';
import { figures, timed } from './figures.mjs';
import { openPodman, podmanBackends } from './podman.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 10);
const MANY = Number(process.env.MANY ?? 100);
const ALL_ROUNDS = 3;
const FIRST_PORT = 30_000;
const CONF_DIR = '/tmp/net.d';

const ROWS = {
  there: 'reload, all there',
  reload: 'reload after a flush',
  full: 'reload with DEL and ADD',
  connect: 'connect',
  disconnect: 'disconnect',
  all: `reload --all of ${MANY} after a flush`
};

export async function lifecycle() {
  console.log('\nlifecycle (bridge, host-local, portmap, firewall; one published port; p50)');
  const measured = {
    library: await measure(await ourLibrary()),
    command: await measure(ourCommand())
  };
  for (const backend of podmanBackends()) {
    measured[`podman ${backend}`] = await measure(itsCommand(openPodman(backend)));
  }
  print(measured);
  if (podmanBackends().length === 0) console.log('  podman: not installed');
}

/** Every row that the subject knows; each of its containers publishes a port. */
async function measure(subject) {
  await subject.open();
  await subject.up('web', FIRST_PORT);
  const found = { there: [], reload: [], full: [], connect: [], disconnect: [], all: [] };
  const note = async (row, work) => {
    if (work !== undefined) found[row].push(await timed(work));
  };
  for (let round = 0; round < ROUNDS; round++) {
    await note('there', subject.reload);
    flush();
    await note('reload', subject.reload);
    await note('full', subject.full);
    await note('connect', subject.connect);
    await note('disconnect', subject.disconnect);
  }
  for (let index = 1; index < MANY; index++) await subject.up(`many${index}`, FIRST_PORT + index);
  for (let round = 0; round < ALL_ROUNDS; round++) {
    flush();
    await note('all', subject.all);
  }
  await subject.close();
  return found;
}

async function ourLibrary() {
  mkdirSync(CONF_DIR, { recursive: true });
  const mooring = await openMooring({ root: '/tmp/mooring-library', confDir: CONF_DIR });
  const ids = [];
  return {
    open: async () => {
      await mooring.networks.create({ name: 'front', disableDns: true });
      await mooring.networks.create({ name: 'back', disableDns: true });
    },
    up: async (id, hostPort) => {
      ids.push(id);
      const ports = [{ hostPort, containerPort: 80 }];
      await mooring.up({ id, networks: [{ name: 'front' }], ports });
    },
    reload: () => mooring.reload('web'),
    full: () => mooring.reload('web', { full: true }),
    connect: () => mooring.connect('web', { name: 'back' }),
    disconnect: () => mooring.disconnect('web', 'back'),
    all: () => Promise.all(ids.map((id) => mooring.reload(id))),
    close: async () => {
      await Promise.all(ids.map((id) => mooring.down(id)));
      await mooring.close();
    }
  };
}

const MOORING = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));

function ourCommand() {
  const run = (...args) => {
    const global = ['--root', '/tmp/mooring-command', '--cni-conf-dir', CONF_DIR];
    const ran = spawnSync(process.execPath, [MOORING, ...global, ...args], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`mooring ${args.join(' ')}: ${ran.stderr.trim()}`);
  };
  return {
    open: () => undefined,
    up: (id, hostPort) => run('up', id, '--network', 'front', '--publish', `${hostPort}:80`),
    reload: () => run('network', 'reload', 'web'),
    full: () => run('network', 'reload', '--full', 'web'),
    connect: () => run('network', 'connect', 'back', 'web'),
    disconnect: () => run('network', 'disconnect', 'back', 'web'),
    all: () => run('network', 'reload', '--all'),
    close: () => run('down', '--all')
  };
}

// It knows one kind of reload, which always takes everything off and puts it on again.
function itsCommand({ run, up, close }) {
  return {
    open: () => {
      run('network', 'create', '--disable-dns', 'front');
      run('network', 'create', '--disable-dns', 'back');
    },
    up,
    reload: () => run('network', 'reload', 'web'),
    full: () => run('network', 'reload', 'web'),
    connect: () => run('network', 'connect', 'back', 'web'),
    disconnect: () => run('network', 'disconnect', 'back', 'web'),
    all: () => run('network', 'reload', '--all'),
    close
  };
}

export function flush() {
  for (const table of ['nat', 'filter']) {
    for (const tool of ['iptables', 'ip6tables']) {
      for (const flag of ['-F', '-X']) spawnSync(tool, ['-t', table, flag]);
    }
  }
}

function print(measured) {
  const columns = Object.keys(measured);
  console.log(`  ${''.padEnd(34)}${columns.map((name) => name.padStart(17)).join('')}`);
  for (const [row, title] of Object.entries(ROWS)) {
    const cells = columns.map((name) => cell(measured[name][row]));
    console.log(`  ${title.padEnd(34)}${cells.join('')}`);
  }
}

function cell(samples) {
  const text = samples.length === 0 ? '' : `${figures(samples).p50.toFixed(1)} ms`;
  return text.padStart(17);
}
