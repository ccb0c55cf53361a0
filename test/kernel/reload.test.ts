import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { liveOf, tcp } from './live.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const live = liveOf(sandbox, host);

const FLUSH = `
for tables in iptables ip6tables; do
  $tables -F; $tables -t nat -F; $tables -X; $tables -t nat -X
done`;
const WEB = netnsOf('web');
const UP = [
  ...['up', 'web', '--network', 'front:mac=02:00:00:00:00:09', '--network', 'back'],
  ...['-p', '8080:80']
];
const LEASES = '/var/lib/cni/networks/*/[1f]*';
const PUBLISHED = tcp(8080, '127.0.0.1');

beforeAll(async () => {
  for (const [name, third] of [
    ['front', 20],
    ['back', 21]
  ] as const) {
    const subnets = ['--subnet', `10.${third}.0.0/24`, '--subnet', `fd00:${third}::/64`];
    await host.ok('network', 'create', '--disable-dns', name, ...subnets);
  }
});

describe('reload', () => {
  it.each([
    ['after all rules were flushed', FLUSH],
    ['after its links were deleted', `nsenter --net=${WEB} ip link del eth0`],
    [
      'after the bridge was deleted',
      'ip link del $(ip -br link show type bridge | sed "s/ .*//;q")'
    ],
    ['after an address was deleted', `nsenter --net=${WEB} ip addr flush dev eth1`],
    ['when all is there', 'true']
  ])('%s keeps every address, MAC and lease, and ports answer again', async (_, damage) => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const leases = await live.leases();
      const [before, view] = [await live.within(WEB), await live.inspect('web')];
      await host.sh(damage);
      const reloaded = await host.ok('network', 'reload', 'web');
      const after = await live.within(WEB);
      const answers = await live.answersOf('web', 80, [PUBLISHED]);
      const [leasesAfter, viewAfter] = [await live.leases(), await live.inspect('web')];
      await host.ok('down', 'web');

      expect(reloaded).toBe('web');
      expect(after).toEqual(before);
      expect(leasesAfter).toBe(leases);
      expect(viewAfter.NetworkSettings.Networks).toEqual(view.NetworkSettings.Networks);
      expect(viewAfter.State.Status).toBe('up');
      expect(answers).toEqual(['hello']);
    });
  });

  it('has two addresses on each of two networks to keep', async () => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const { eth0, eth1 } = await host.links('web');
      await host.ok('network', 'reload', '--full', 'web');
      const after = await host.links('web');
      await host.ok('down', 'web');

      expect(eth0).toMatchObject({
        mac: '02:00:00:00:00:09',
        addresses: [expect.stringMatching(/^10\.20\./), expect.stringMatching(/^fd00:20::/)]
      });
      expect(eth1!.addresses).toHaveLength(2);
      expect([after['eth0'], after['eth1']]).toEqual([eth0, eth1]);
    });
  });

  it('mends ports that do not answer without their rules', async () => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      await host.sh(FLUSH);
      const flushed = await live.answersOf('web', 80, [PUBLISHED]);
      await host.ok('network', 'reload', 'web');
      const mended = await live.answersOf('web', 80, [PUBLISHED]);
      await host.ok('down', 'web');

      expect([flushed, mended]).toEqual([['no answer'], ['hello']]);
    });
  });

  it('of all brings each back, with names and ways between them', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'a', '--network', 'front:ip=10.20.0.10', '-p', '8081:80');
      await host.ok('up', 'b', '--network', 'front', '-p', '8082:80');
      await host.sh(FLUSH);
      const reloaded = await host.ok('network', 'reload', '--all');
      const ways = [tcp(80, '10.20.0.10', netnsOf('b')), tcp(8081, '127.0.0.1')];
      const onA = await live.answersOf('a', 80, ways);
      const onB = await live.answersOf('b', 80, [tcp(8082, '127.0.0.1')]);
      await host.ok('down', 'a', 'b');

      expect(reloaded.split('\n').sort()).toEqual(['a', 'b']);
      expect([...onA, ...onB]).toEqual(['hello', 'hello', 'hello']);
    });
  });

  it.each([
    ['rules alone', []],
    ['DEL and ADD', ['--full']]
  ])('with %s leases addresses again whose leases were deleted', async (_, full) => {
    await host.unchanged(async () => {
      await host.ok(...UP);
      const leases = await host.sh(`grep . ${LEASES}`);
      await host.sh(`rm ${LEASES}`);
      await host.ok('network', 'reload', ...full, 'web');
      const after = await host.sh(`grep . ${LEASES}`);
      await host.ok('down', 'web');

      expect(leases.split('\n').length).toBe(8);
      expect(after).toBe(leases);
    });
  });

  it('gives nobody else an address it keeps, whoever comes up meanwhile', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'a', '--network', 'front');
      const before = (await host.links('a'))['eth0'];
      await Promise.all([
        host.ok('network', 'reload', '--full', 'a'),
        ...['b', 'c', 'd'].map((id) => host.ok('up', id, '--network', 'front'))
      ]);
      const links = await Promise.all(['a', 'b', 'c', 'd'].map((id) => host.links(id)));
      await host.ok('down', '--all');

      const addresses = links.flatMap(({ eth0 }) => eth0!.addresses);
      expect(links[0]!['eth0']).toEqual(before);
      expect(new Set(addresses).size).toBe(8);
    });
  });

  it('of a container whose netns is gone fails, says so, and leaves nothing', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front:mac=02:00:00:00:00:09', '-p', '8080:80');
      await host.sh(`umount ${WEB}`);
      const { code, reason } = await host.refused('network', 'reload', 'web');
      const { State } = await live.inspect('web');
      const backups = await host.sh('ls /run/cni/tuning');
      await host.ok('down', 'web');

      expect(backups).toBe('');
      expect(code).toBe(125);
      expect(reason).toContain(WEB);
      expect(State.Status).toBe('failed');
    });
  });

  it('is refused for a container that is not up, or unknown', async () => {
    await host.unchanged(async () => {
      await host.ok('create', 'web', '--network', 'front');
      const down = await host.refused('network', 'reload', 'web');
      const unknown = await host.refused('network', 'reload', 'nobody');
      await host.ok('rm', 'web');

      expect(down).toEqual({
        code: 125,
        reason: 'container web is defined: container state improper'
      });
      expect(unknown).toEqual({ code: 125, reason: 'no container is named nobody' });
    });
  });
});
