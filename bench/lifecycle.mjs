// What a user waits for once containers are up: reload, connect, disconnect, and a reload of many
// after the firewall was flushed. Each beside the same by `podman` when that is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { openMooring } from '../dist/mooring.js';
import { line, timed } from './figures.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 10);
const MANY = Number(process.env.MANY ?? 100);

export async function lifecycle() {
  console.log('\nlifecycle (bridge, host-local, portmap, firewall; one published port)');
  const root = '/tmp/mooring-lifecycle';
  mkdirSync('/tmp/net.d', { recursive: true });
  const mooring = await openMooring({ root, confDir: '/tmp/net.d' });
  await mooring.networks.create({ name: 'front', disableDns: true });
  await mooring.networks.create({ name: 'back', disableDns: true });
  const up = (id, hostPort) =>
    mooring.up({ id, networks: [{ name: 'front' }], ports: [{ hostPort, containerPort: 80 }] });
  await up('web', 30_000);

  const flushed = async (work) => {
    flush();
    await work();
  };
  line('  reload, all there', await times(() => mooring.reload('web')));
  line('  reload after a flush', await times(() => flushed(() => mooring.reload('web'))));
  line('  reload --full', await times(() => mooring.reload('web', { full: true })));
  line(
    '  connect and disconnect',
    await times(async () => {
      await mooring.connect('web', { name: 'back' });
      await mooring.disconnect('web', 'back');
    })
  );

  const ids = Array.from({ length: MANY }, (_, index) => `many${index}`);
  for (const [index, id] of ids.entries()) await up(id, 30_001 + index);
  const all = await times(() => flushed(() => Promise.all(ids.map((id) => mooring.reload(id)))), 3);
  line(`  reload of ${MANY} after a flush`, all);
  await Promise.all([...ids, 'web'].map((id) => mooring.down(id)));
  await mooring.close();
  podman();
}

async function times(work, rounds = ROUNDS) {
  const all = [];
  for (let round = 0; round < rounds; round++) all.push(await timed(work));
  return all;
}

function flush() {
  for (const table of ['nat', 'filter']) {
    for (const tool of ['iptables', 'ip6tables']) {
      for (const flag of ['-F', '-X']) spawnSync(tool, ['-t', table, flag]);
    }
  }
}

// Its own containers, whatever runs: what counts is the time for one.
function podman() {
  const listed = spawnSync('podman', ['ps', '--quiet'], { encoding: 'utf8' });
  const count = listed.status === 0 ? listed.stdout.split('\n').filter(Boolean).length : 0;
  if (count === 0) {
    console.log('  podman: not installed, or none of its containers runs');
    return;
  }
  const begun = performance.now();
  spawnSync('podman', ['network', 'reload', '--all'], { stdio: 'ignore' });
  const ms = (performance.now() - begun) / count;
  console.log(
    `  podman network reload --all, for each of ${count}`.padEnd(59) + `${ms.toFixed(1)} ms`
  );
}
