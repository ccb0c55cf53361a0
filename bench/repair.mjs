// How long rules are gone that somebody flushed, while `mooring agent` runs: from the end of the
// flush until the journals of all containers say that they are back. On an idle machine, on a busy
// one, and while another container's plugin hangs.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openMooring } from '../dist/mooring.js';
import { line } from './figures.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 10);
const SIZES = (process.env.SIZES ?? '1,10,100').split(',').map(Number);
const FIRST_PORT = 30_000;
const DIRS = { root: '/tmp/mooring-repair', confDir: '/tmp/repair.d' };
const PLUGIN_DIRS = ['/usr/lib/cni', '/tmp/hanging'];

export async function repair() {
  console.log('\nrepair by the agent (a port each; from the flush to the last container)');
  mkdirSync(DIRS.confDir, { recursive: true });
  const mooring = await openMooring({ ...DIRS, pluginDirs: PLUGIN_DIRS });
  await mooring.networks.create({ name: 'front', disableDns: true });
  const agent = await startAgent();
  const ids = [];
  for (const size of SIZES) {
    while (ids.length < size) ids.push(await up(mooring, ids.length));
    await measure(mooring, ids);
  }

  agent.kill('SIGTERM');
  await once(agent, 'exit');
  await Promise.all(ids.map((id) => mooring.down(id)));
  await mooring.close();
}

async function up(mooring, index) {
  const id = `many${index}`;
  const ports = [{ hostPort: FIRST_PORT + index, containerPort: 80 }];
  await mooring.up({ id, networks: [{ name: 'front' }], ports });
  return id;
}

async function measure(mooring, ids) {
  line(`  ${ids.length}, idle machine`, await rounds(mooring, ids));
  const busy = cpus().flatMap(() => [spin(), spin()]);
  const spinning = `${busy.length} processes that compute all the time`;
  line(`  ${ids.length}, ${spinning}`, await rounds(mooring, ids));
  for (const process of busy) process.kill('SIGKILL');
  const hanging = await hang();
  line(`  ${ids.length}, another container’s plugin hangs`, await rounds(mooring, ids));
  hanging.kill('SIGTERM');
  await once(hanging, 'exit');
}

async function rounds(mooring, ids) {
  const all = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await repaired(mooring, ids));
  return all;
}

/** @returns milliseconds from the end of the flush until the last container says that it is mended */
async function repaired(mooring, ids) {
  const stop = new AbortController();
  const missing = new Set(ids);
  let last = 0;
  const following = (async () => {
    for await (const { key, event, time } of mooring.events({
      follow: true,
      signal: stop.signal
    })) {
      if (event.type !== 'attachments.repaired') continue;
      missing.delete(key.slice('container/'.length));
      last = Math.max(last, time);
      if (missing.size === 0) return;
    }
  })();
  // In one commit: what is mended between two would be gone again.
  spawnSync('nft', ['flush', 'ruleset']);
  const flushed = Date.now();
  await following;
  stop.abort();
  return last - flushed;
}

const MOORING = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
const GLOBAL = [
  ...['--root', DIRS.root, '--cni-conf-dir', DIRS.confDir],
  ...PLUGIN_DIRS.flatMap((dir) => ['--cni-plugin-dir', dir])
];

async function startAgent() {
  const agent = spawn(process.execPath, [MOORING, ...GLOBAL, 'agent'], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  await once(agent.stdout, 'data');
  return agent;
}

function spin() {
  return spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
}

/** A container on a network whose only plugin never answers. */
async function hang() {
  mkdirSync('/tmp/hanging', { recursive: true });
  const answer = '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}';
  const cases = `VERSION) echo '${answer}';; ADD) echo >/tmp/hanging/begun; exec sleep 1000;;`;
  writeFileSync('/tmp/hanging/hangs', `#!/bin/sh\ncase $CNI_COMMAND in ${cases} esac\n`);
  chmodSync('/tmp/hanging/hangs', 0o755);
  rmSync('/tmp/hanging/begun', { force: true });
  spawn('mkfifo', ['/tmp/hanging/begun']);
  const list = { cniVersion: '1.0.0', name: 'hangs', plugins: [{ type: 'hangs' }] };
  writeFileSync(`${DIRS.confDir}/hangs.conflist`, JSON.stringify(list));
  const up = spawn(process.execPath, [MOORING, ...GLOBAL, 'up', 'slow', '--network', 'hangs'], {
    stdio: 'ignore'
  });
  const begun = spawn('sh', [
    '-c',
    'until [ -p /tmp/hanging/begun ]; do :; done; read _ </tmp/hanging/begun'
  ]);
  await once(begun, 'exit');
  return up;
}
