import { beforeAll, describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import {
  CHAINS,
  expectConverges,
  explained,
  nextAt,
  play,
  useFront,
  useTrips,
  web,
  type Fate,
  type Plan
} from './crash.fixture.ts';

const host = useSandbox();
const trips = useTrips(host);
const front = useFront(host, CHAINS.short, trips.options);

const PLANS = {
  up: { steps: [{ up: web }] },
  down: { steps: [{ up: web }, { down: 'web' }], from: 1 }
} as const;
type Verb = keyof typeof PLANS;

/** By verb, each time a plugin or a tool begins or ends: `before host-local ADD`. */
const points: Record<Verb, readonly string[]> = { up: [], down: [] };

beforeAll(async () => {
  for (const verb of ['up', 'down'] as const) {
    await play(host, tripped(verb, 0, 'go on'));
    points[verb] = trips.points();
  }
  expect(points.up).toContain('after portmap ADD');
  expect(points.down).toContain('before iptables-restore of Mooring');
});

function tripped(verb: Verb, at: number, then: Fate): Plan {
  const { home, options } = trips;
  return { ...PLANS[verb], options, trip: { home, at, then } };
}

async function crash(verb: Verb, index: number, then: Fate): Promise<void> {
  expect(points[verb][index]).toBeDefined();
  expect(await play(host, tripped(verb, index + 1, then))).toBeUndefined();
}

describe.each(['up', 'down'] as const)('a crash of `%s` while a plugin or a tool runs', (verb) => {
  const FATES = ['go on', 'linger', 'die'] as const;
  const LIMITS = { pluginTimeoutMs: 3_000 };

  it('leaves nothing behind, whether the orphan goes on or dies too', async () => {
    for (const [index, point] of points[verb].entries()) {
      // A plugin calls it dozens of times.
      if (/ ip6?tables /.test(point) && index % 5 > 0) continue;
      const fate = FATES[index % FATES.length]!;
      await crash(verb, index, fate);
      await explained(`killed ${point} (${index + 1}), to ${fate}`, () =>
        expectConverges(host, nextAt(index), front)
      );
    }
  }, 300_000);

  it.each(verb === 'up' ? ['bridge ADD', 'host-local ADD'] : ['host-local DEL'])(
    'ends a %s that hangs before anything else goes on',
    async (call) => {
      await crash(verb, points[verb].indexOf(`before ${call}`), 'hang');

      const options = { ...trips.options, ...LIMITS };
      await expectConverges(host, { recover: true }, { ...front, options });
    }
  );
});

it('removes the chains of a DEL that died with its link gone already', async () => {
  const chains = `iptables-save -t nat | grep '^:CNI-[0-9a-f]'`;
  const link = 'nsenter --net=/run/netns/mooring-web ip link show dev eth0';
  const point = points.down.indexOf(
    'before iptables DEL',
    points.down.indexOf('after host-local DEL')
  );
  await crash('down', point, 'die');
  const left = await host.run(['sh', '-c', chains]);
  const gone = await host.run(['sh', '-c', link]);

  expect(left.stdout).toMatch(/^:CNI-[0-9a-f]{24} /);
  expect(gone.stderr).toContain('does not exist');
  await expectConverges(host, { recover: true }, front);
  expect(await host.run(['sh', '-c', chains])).toMatchObject({ stdout: '' });
});

it('never asks for ADD again, only for DEL, after one was interrupted', async () => {
  await crash('up', points.up.indexOf('before portmap ADD'), 'die');
  const { home, options } = trips;
  const trip = { home, at: 0, then: 'go on' } as const;
  await play(host, { steps: [{ recover: true }], options, trip });
  const calls = trips.points().filter((point) => /^before (bridge|portmap) /.test(point));

  expect(calls).toEqual(['before portmap DEL', 'before bridge DEL']);
  await expectConverges(host, { inspect: 'web' }, front);
});

it.each([
  ['TERM', 143, 'before bridge ADD'],
  ['INT', 130, 'before portmap ADD'],
  ['TERM', 143, 'after portmap ADD'],
  ['INT', 130, 'before iptables-save of Mooring']
] as const)('unwinds `mooring up` on SIG%s, exit code %i, %s', async (signal, exitCode, point) => {
  const files = { at: points.up.indexOf(point) + 1, then: 'go on', signal, pid: 0 };
  const arm = Object.entries(files).map(([name, value]) => `echo ${value} >${trips.home}/${name}`);
  await host.run(['sh', '-c', `rm ${trips.home}/points; ${arm.join('; ')}`]);

  const [bin] = trips.options.pluginDirs;
  const up = ['up', 'web', '--network', 'front', '-p', '8080:80'];
  const ran = await host.run([process.execPath, MOORING, '--cni-plugin-dir', bin!, ...up]);

  expect(ran).toMatchObject({ code: exitCode, stdout: '' });
  expect(trips.points()).toContain(point);
  expectUnchanged(front.before, await host.snapshot());
});
