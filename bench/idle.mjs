import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compose } from '../dist/bundle/compose.js';
import { openComposed } from '../dist/bundle/mooring.js';
import { line, timed } from './figures.mjs';
import { conflist, standIns } from './stand-ins.mjs';

const COUNT = Number(process.env.COUNT ?? 10_000);
const AT_ONCE = 32;
const COLD_ROUNDS = 20;
const BIN = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
const MIB = 1024 * 1024;

/**
 * What many containers cost that nothing happens to: memory of the process that brought them up,
 * and the time until another one knows how each stands. Stand-ins answer for the kernel;
 * store, loop and files are the real ones. `COUNT=100000` makes as many.
 */
export async function idle() {
  console.log(`\nidle (${COUNT} containers, brought up with stand-ins for plugins and netns)`);
  const folder = mkdtempSync('/tmp/mooring-bench-');
  mkdirSync(`${folder}/net.d`);
  writeFileSync(`${folder}/net.d/bench.conflist`, JSON.stringify(conflist));
  const options = { root: `${folder}/root`, confDir: `${folder}/net.d` };

  coldStart('  mooring ps from a cold start, nothing up', options);
  // By the binary itself, so that its packages' own start counts as well.
  podmanColdStart();

  const before = await mooringWith(options);
  await upMany(before, 1);
  const empty = heap();
  await upMany(before, COUNT);
  const full = heap();
  console.log(
    `  heap of the process that holds them`.padEnd(59) +
      `${(full / MIB).toFixed(1)} MiB, ${((full - empty) / MIB).toFixed(1)} MiB more than with one   budget: 100 MB with 100,000`
  );
  await before.close();

  let listed = 0;
  const restart = await timed(async () => {
    const after = await mooringWith(options);
    const { containers } = await after.list();
    listed = containers.filter(({ state }) => state === 'up').length;
    await after.close();
  });
  console.log(
    `  restart until the status of all is known`.padEnd(59) +
      `${restart.toFixed(0)} ms, ${listed} of ${COUNT} up   budget: 1,000 ms with 10,000`
  );
}

async function mooringWith(options) {
  const wrapEffects = (effects) => ({ ...effects, ...standIns() });
  return openComposed(await compose({ ...options, wrapEffects }));
}

async function upMany(mooring, count) {
  let next = 0;
  const one = async () => {
    while (next < count) await mooring.up({ id: `c${next++}`, networks: [{ name: 'bench' }] });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

// Without `--expose-gc` nothing can be said of what is held, so the bench is run with it.
function heap() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function coldStart(what, { root, confDir }) {
  line(what, cold(process.execPath, [BIN, '--root', root, '--cni-conf-dir', confDir, 'ps']));
}

function podmanColdStart() {
  const { error } = spawnSync('podman', ['--version']);
  if (error) console.log('  podman network ls: podman is not installed');
  else line('  podman network ls', cold('podman', ['network', 'ls']));
}

function cold(file, args) {
  return Array.from({ length: COLD_ROUNDS }, () => {
    const begun = performance.now();
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
    return performance.now() - begun;
  });
}
