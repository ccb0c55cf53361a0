import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { line, timed } from './figures.mjs';
import { clockKernel } from './kernel-time.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1_000);

const conflist = {
  cniVersion: '1.0.0',
  name: 'bench',
  plugins: [
    {
      type: 'bridge',
      bridge: 'bench0',
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.91.0.0/16' }]] }
    },
    { type: 'portmap', capabilities: { portMappings: true } }
  ]
};
const result = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0', sandbox: '/run/netns/bench' }],
  ips: [{ address: '10.91.0.3/16', interface: 0 }]
};

/** Stand-ins for whatever reaches the host; what is left is the loop, the machines and the store. */
const atOnce = {
  'cni.add': ({ container, attachment: { network } }) => ({
    type: 'attachment.added',
    container,
    network,
    result
  }),
  'cni.del': ({ container, attachment: { network } }) => ({
    type: 'attachment.deleted',
    container,
    network
  }),
  'netns.create': ({ namespace }) => ({
    type: 'netns.created',
    namespace,
    netns: { path: '/run/netns/bench', device: '4', inode: '4026532000' }
  }),
  'netns.remove': ({ namespace }) => ({ type: 'netns.removed', namespace }),
  'network.prepare': ({ network }) => ({
    type: 'network.prepared',
    network,
    baseline: { bridges: [] }
  }),
  'network.tidy': ({ network }) => ({ type: 'network.tidied', network })
};

/**
 * Our own time per up + down: plugins, netns and links answer at once; the store, the
 * containers' files and the ports are the real ones, and their system calls are counted apart.
 */
export async function own() {
  console.log('\nown time (plugins and netns answer at once; embedded store, files and ports)');
  const clock = clockKernel();
  const { compose } = await import('../dist/compose.js');
  const { openComposed } = await import('../dist/mooring.js');
  const folder = mkdtempSync('/tmp/mooring-bench-');
  mkdirSync(`${folder}/net.d`);
  writeFileSync(`${folder}/net.d/bench.conflist`, JSON.stringify(conflist));
  const stand = Object.entries(atOnce).map(([type, fact]) => [
    type,
    (request) => Promise.resolve(fact(request))
  ]);
  const parts = await compose({
    root: `${folder}/root`,
    confDir: `${folder}/net.d`,
    wrapEffects: (effects) => ({ ...effects, ...Object.fromEntries(stand) })
  });
  const mooring = openComposed(parts);
  await mooring.up({ id: 'standing', networks: [{ name: 'bench' }] });
  for (const [what, ports] of [
    ['  up + down, no port', []],
    ['  up + down, one port', [{ hostPort: 20_001, containerPort: 80 }]]
  ]) {
    const [whole, kernel, ours] = [[], [], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = clock();
      const spent = await timed(async () => {
        await mooring.up({ id: `own-${round}`, networks: [{ name: 'bench' }], ports });
        await mooring.down(`own-${round}`);
      });
      const after = clock();
      if (round < ROUNDS / 5) continue;
      whole.push(spent);
      kernel.push(after.kernel - before.kernel);
      ours.push(after.own - before.own);
    }
    line(what, whole);
    line('    of it in system calls', kernel);
    line('    of it ours', ours);
  }
  console.log('  budget for ours: p50 1 ms, p99 3 ms');
  await mooring.down('standing');
  await mooring.close();
}
