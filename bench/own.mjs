import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { line, middle, timed } from './figures.mjs';
import { clockKernel } from './kernel-time.mjs';
import { conflist, standIns } from './stand-ins.mjs';
import { yardstick } from './yardstick.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1_000);
/** Lives after which V8 has compiled what there is to compile. */
const WARM_UP = 4_000;

/**
 * Our own time per up + down: plugins, netns and links answer at once; the store, the
 * containers' files and the ports are the real ones, and their system calls are counted apart.
 *
 * That of a backend which has been at it for a while, and that of its first lives. After each life the
 * yardstick is taken: the same code takes half as long again when the machine's caches are others', and
 * the ratio of both tells that from a change of the code.
 */
export async function own() {
  console.log('\nown time (plugins and netns answer at once; embedded store, files and ports)');
  const clock = clockKernel();
  const { compose } = await import('../dist/bundle/compose.js');
  const { openComposed } = await import('../dist/bundle/mooring.js');
  const folder = mkdtempSync('/tmp/mooring-bench-');
  mkdirSync(`${folder}/net.d`);
  writeFileSync(`${folder}/net.d/bench.conflist`, JSON.stringify(conflist));
  const parts = await compose({
    root: `${folder}/root`,
    confDir: `${folder}/net.d`,
    wrapEffects: (effects) => ({ ...effects, ...standIns() })
  });
  const mooring = openComposed(parts);
  await mooring.up({ id: 'standing', networks: [{ name: 'bench' }] });
  for (const [what, ports] of [
    ['  up + down, no port', []],
    ['  up + down, one port', [{ hostPort: 20_001, containerPort: 80 }]]
  ]) {
    const [whole, kernel, ours, first, rod] = [[], [], [], [], []];
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      const before = clock();
      const spent = await timed(async () => {
        await mooring.up({ id: `own-${round}`, networks: [{ name: 'bench' }], ports });
        await mooring.down(`own-${round}`);
      });
      const after = clock();
      const own = after.own - before.own;
      if (round >= 200 && round < 1_000) first.push(own);
      if (round < WARM_UP) continue;
      whole.push(spent);
      kernel.push(after.kernel - before.kernel);
      ours.push(own);
      rod.push(yardstick());
    }
    line(what, whole);
    line('    of it in system calls', kernel);
    line('    of it ours', ours);
    line('    yardstick: plain JSON, the same every time', rod);
    console.log(`${'    ours / yardstick'.padEnd(58)}${(middle(ours) / middle(rod)).toFixed(2)}`);
    line('    ours before all is compiled (lives 200 to 1,000)', first);
  }
  console.log('  budget for ours: p50 1 ms, p99 3 ms');
  await mooring.down('standing');
  await mooring.close();
}
