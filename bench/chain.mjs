import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { compose } from '../dist/compose.js';
import { openComposed } from '../dist/mooring.js';
import { unpinNetns } from '../dist/syscalls/unpin.js';
import { startNetnsThread } from '../dist/syscalls/netns-thread.js';
import { warm } from '../dist/syscalls/warm.js';
import { figures, line, timed } from './figures.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 40);
const PLUGINS = '/usr/lib/cni';
const DIR = mkdtempSync('/tmp/mooring-bench-');

const conflist = {
  cniVersion: '1.0.0',
  name: 'bench',
  plugins: [
    {
      type: 'bridge',
      bridge: 'bench0',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: '10.91.0.0/16' }]],
        routes: [{ dst: '0.0.0.0/0' }]
      }
    },
    { type: 'portmap', capabilities: { portMappings: true } }
  ]
};

/**
 * The chain bridge, host-local, portmap (one port): up and down through Mooring, and the same
 * binaries with the same netns calls in a bare loop, by turns. One container stays up
 * throughout, so that neither side pays for making and removing what containers share.
 */
export async function chain() {
  console.log(
    `\nchain of binaries: bridge + host-local + portmap, one port (${ROUNDS} rounds, by turns)`
  );
  mkdirSync(`${DIR}/net.d`);
  writeFileSync(`${DIR}/net.d/bench.conflist`, JSON.stringify(conflist));
  const leaf = { ms: 0 };
  const parts = await compose({
    root: `${DIR}/root`,
    confDir: `${DIR}/net.d`,
    pluginDirs: [PLUGINS],
    wrapEffects: (effects) => timedEffects(effects, leaf)
  });
  const mooring = openComposed(parts);
  const bare = bareLoop();
  await mooring.up({
    id: 'standing',
    networks: [{ name: 'bench' }],
    ports: [{ hostPort: 20_000, containerPort: 80 }]
  });

  const ours = { up: [], down: [], both: [], own: [] };
  const theirs = { up: [], down: [], both: [] };
  for (let round = 0; round < ROUNDS + 3; round += 1) {
    const id = `bench-${round}`;
    leaf.ms = 0;
    const up = await timed(() =>
      mooring.up({
        id,
        networks: [{ name: 'bench' }],
        ports: [{ hostPort: 20_001, containerPort: 80 }]
      })
    );
    const down = await timed(() => mooring.down(id));
    const bareUp = await timed(() => bare.up(`bare-${round}`));
    const bareDown = await timed(() => bare.down(`bare-${round}`));
    if (round < 3) continue; // warm
    ours.up.push(up);
    ours.down.push(down);
    ours.both.push(up + down);
    ours.own.push(up + down - leaf.ms);
    theirs.up.push(bareUp);
    theirs.down.push(bareDown);
    theirs.both.push(bareUp + bareDown);
  }
  await mooring.down('standing');
  await mooring.close();
  await bare.close();

  line('  up, through Mooring', ours.up);
  line('  up, bare loop', theirs.up);
  line('  down, through Mooring', ours.down);
  line('  down, bare loop', theirs.down);
  line('  own time between plugins, per up + down', ours.own);
  const ratio = figures(ours.both).p50 / figures(theirs.both).p50;
  console.log(
    `  through Mooring / bare loop, up + down, p50`.padEnd(59),
    `${ratio.toFixed(3)}   (budget 1.03)`
  );
}

/** Adds up what is spent in plugins and in the kernel; holds are our own work, so they are not wrapped. */
function timedEffects(effects, total) {
  const own = /^(namespace|networks)\.(hold|release|resolve)$|^ports\./;
  return Object.fromEntries(
    Object.entries(effects).map(([type, effect]) => [
      type,
      own.test(type)
        ? effect
        : async (...args) => {
            const begun = performance.now();
            try {
              return await effect(...args);
            } finally {
              total.ms += performance.now() - begun;
            }
          }
    ])
  );
}

function bareLoop() {
  warm();
  const thread = startNetnsThread();
  const netns = new Map();
  const results = new Map();
  const ports = [{ hostPort: 20_002, containerPort: 80, protocol: 'tcp' }];

  return {
    async up(id) {
      mkdirSync('/run/netns', { recursive: true });
      const path = `/run/netns/${id}`;
      writeFileSync(path, '', { flag: 'wx' });
      netns.set(id, await thread.create(path));
      let prevResult;
      for (const plugin of conflist.plugins) {
        prevResult = JSON.parse(await run('ADD', id, plugin, prevResult));
      }
      results.set(id, prevResult);
    },
    async down(id) {
      for (const plugin of conflist.plugins.toReversed()) {
        await run('DEL', id, plugin, results.get(id));
      }
      unpinNetns(`/run/netns/${id}`, netns.get(id));
    },
    close: () => thread.close()
  };

  function run(command, id, plugin, prevResult) {
    const { cniVersion, name } = conflist;
    const runtimeConfig = plugin.capabilities ? { runtimeConfig: { portMappings: ports } } : {};
    const stdin = JSON.stringify({ ...plugin, ...runtimeConfig, cniVersion, name, prevResult });
    return new Promise((resolve, reject) => {
      const child = spawn(`${PLUGINS}/${plugin.type}`, {
        env: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: id,
          CNI_NETNS: `/run/netns/${id}`,
          CNI_IFNAME: 'eth0',
          CNI_PATH: PLUGINS,
          CNI_ARGS: '',
          PATH: '/usr/sbin:/usr/bin:/sbin:/bin'
        }
      });
      let stdout = '';
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stdin.end(stdin);
      child.on('error', reject);
      child.on('close', (code) =>
        code === 0 ? resolve(stdout) : reject(new Error(`${plugin.type} ${command}: ${stdout}`))
      );
    });
  }
}
