import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compose } from '../dist/compose.js';
import { openComposed } from '../dist/mooring.js';
import { unpinNetns } from '../dist/syscalls/unpin.js';
import { startNetnsThread } from '../dist/syscalls/netns-thread.js';
import { warm } from '../dist/syscalls/warm.js';
import { line, middle, timed } from './figures.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 100);
const WARM = 5;
const PLUGINS = '/usr/lib/cni';
const NETWORK = 'bench';

/**
 * Chains of binaries, one port: up and down through Mooring, and the same binaries with the same
 * netns calls in a bare loop, by turns. One container stays up throughout, so that neither side
 * pays for making and removing what containers share.
 *
 * The bare loop is what a program would do that wants nothing but the plugins: `spawn` of
 * node:child_process, in this same process, so that a fork costs both sides as much. What it
 * does without counts against us: execa, a journal, a process that keeps the host port bound
 * (which no plugin does), a session and a deadline for each plugin, the container's files, and the
 * result cache. For us speaks that plugins come up while others work.
 */
export async function chain() {
  await measured('as `network create` makes it', (plugins) => plugins);
  await measured('without firewall and tuning', (plugins) => plugins.slice(0, 2));
  console.log('  budget: 1.03');
}

/** @param choose of the plugins that `network create` wrote */
async function measured(what, choose) {
  const dir = mkdtempSync('/tmp/mooring-bench-');
  const leaf = { ms: 0 };
  const parts = await compose({
    root: `${dir}/root`,
    confDir: `${dir}/net.d`,
    pluginDirs: [PLUGINS],
    wrapEffects: (effects) => timedEffects(effects, leaf)
  });
  const mooring = openComposed(parts);
  const subnets = ['10.91.0.0/16'];
  await mooring.networks.create({ name: NETWORK, subnets, disableDns: true });
  const conflist = rewrite(`${dir}/net.d`, choose);
  const types = conflist.plugins.map(({ type }) => type).join(' + ');
  console.log(`\nchain ${what}: ${types}, one port (${ROUNDS} rounds, by turns)`);
  const bare = bareLoop(conflist);
  await mooring.up({
    id: 'standing',
    networks: [{ name: NETWORK }],
    ports: [{ hostPort: 20_000, containerPort: 80 }]
  });
  const spent = await rounds({ mooring, bare, leaf });
  await mooring.down('standing');
  await mooring.networks.remove(NETWORK);
  await mooring.close();
  await bare.close();
  report(spent);
}

/** Keeps those plugins of the one conflist in a directory, and gives it. */
function rewrite(confDir, choose) {
  const [name] = readdirSync(confDir).filter((file) => file.endsWith('.conflist'));
  const file = join(confDir, name);
  const conflist = JSON.parse(readFileSync(file, 'utf8'));
  conflist.plugins = choose(conflist.plugins);
  writeFileSync(file, JSON.stringify(conflist));
  return conflist;
}

async function rounds({ mooring, bare, leaf }) {
  const ours = { up: [], down: [], own: [] };
  const theirs = { up: [], down: [] };
  const port = { hostPort: 20_001, containerPort: 80 };
  for (let round = -WARM; round < ROUNDS; round += 1) {
    leaf.ms = 0;
    const id = `bench-${round + WARM}`;
    const through = {
      up: () => mooring.up({ id, networks: [{ name: NETWORK }], ports: [port] }),
      down: () => mooring.down(id)
    };
    const alone = { up: () => bare.up(`bare-${id}`), down: () => bare.down(`bare-${id}`) };
    // Next to each other, and each first as often as second: what the machine does meanwhile meets both.
    const sides = round % 2 === 0 ? [through, alone] : [alone, through];
    const spent = new Map(sides.map((side) => [side, { up: 0, down: 0 }]));
    for (const step of ['up', 'down']) {
      for (const side of sides) spent.get(side)[step] = await timed(side[step]);
    }
    if (round < 0) continue;
    for (const step of ['up', 'down']) {
      ours[step].push(spent.get(through)[step]);
      theirs[step].push(spent.get(alone)[step]);
    }
    ours.own.push(spent.get(through).up + spent.get(through).down - leaf.ms);
  }
  return { ours, theirs };
}

function report({ ours, theirs }) {
  line('  up, through Mooring', ours.up);
  line('  up, bare loop', theirs.up);
  line('  down, through Mooring', ours.down);
  line('  down, bare loop', theirs.down);
  line('  all but plugins and netns, per up + down', ours.own);
  for (const step of ['up', 'down']) ratio(`  ${step}`, ours[step], theirs[step]);
  const both = ({ up, down }) => up.map((ms, round) => ms + down[round]);
  ratio('  up + down', both(ours), both(theirs));
}

/** Through Mooring against the bare loop, each side's middle half; and the same of fifths of the rounds. */
function ratio(what, ours, theirs) {
  const of = (from, to) => middle(ours.slice(from, to)) / middle(theirs.slice(from, to));
  const fifth = Math.floor(ours.length / 5);
  const fifths = [0, 1, 2, 3, 4].map((part) => of(part * fifth, (part + 1) * fifth)).sort();
  const spread = `${fifths[0].toFixed(3)} to ${fifths[4].toFixed(3)}`;
  console.log(
    `${what}, through Mooring / bare loop`.padEnd(58),
    `${of(0, ours.length).toFixed(3)}   (fifths of the run: ${spread})`
  );
}

/** Adds up what is spent in plugins and in the kernel; holds are mostly our own work, and not wrapped. */
function timedEffects(effects, total) {
  const own = /^resources\./;
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

function bareLoop(conflist) {
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
