import { beforeAll, describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { useChain } from './chain.fixture.ts';
import { netnsOf } from './host.fixture.ts';
import { liveOf, tcp } from './live.fixture.ts';

const sandbox = useSandbox();
const host = useChain(sandbox);
const live = liveOf(sandbox, host);
const { double } = host;

const connect = (...args: readonly string[]) => ['network', 'connect', ...args];
const disconnect = (...args: readonly string[]) => ['network', 'disconnect', ...args];
const PUBLISHED = tcp(8080, '127.0.0.1');

beforeAll(async () => {
  await host.ok('network', 'create', '--disable-dns', 'one', '--subnet', '10.41.0.0/24');
  await host.ok(
    'network',
    'create',
    '--disable-dns',
    'two',
    '--subnet',
    '10.42.0.0/24',
    '--subnet',
    'fd00:42::/64'
  );
});

describe('while the container is up', () => {
  it('a network comes with an interface and goes with it, the others go on', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'near', '--network', 'two');
      await host.ok('up', 'web', '--network', 'one');
      const alone = await live.within(netnsOf('web'));
      const before = await host.snapshot();
      const said = await host.ok(...connect('two', 'web'));
      const both = await host.links('web');
      const address = both['eth1']!.addresses[0]!.split('/')[0]!;
      const answers = await live.answersOf('web', 80, [tcp(80, address, netnsOf('near'))]);
      const inspected = await live.inspect('web');
      const inUse = await host.refused('network', 'rm', 'two');
      await host.ok(...disconnect('two', 'web'));
      const after = await live.within(netnsOf('web'));
      expectUnchanged(before, await host.snapshot());
      await host.ok('down', 'web', 'near');

      expect(said).toBe('');
      expect(Object.keys(both)).toEqual(['lo', 'eth0', 'eth1']);
      expect(both['eth1']!.addresses).toEqual([
        expect.stringMatching(/^10\.42\.0\.\d+\/24$/),
        expect.stringMatching(/^fd00:42::/)
      ]);
      expect(answers).toEqual(['hello']);
      expect(inspected.NetworkSettings.Networks).toMatchObject({
        one: {},
        two: { IPAddress: address }
      });
      expect(inUse.code).toBe(2);
      expect(after).toEqual(alone);
    });
  });

  it('address, MAC, name and interface are as asked, and the network may be named by its id', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one');
      const [{ id }] = await host.json<[{ id: string }]>('network', 'inspect', 'two');
      const asked = [
        ...['--ip', '10.42.0.77', '--ip6', 'fd00:42::77', '--mac-address', '02:00:00:00:00:77'],
        ...['--alias', 'db', '--interface-name', 'wan0']
      ];
      await host.ok(...connect(...asked, id, 'web'));
      const links = await host.links('web');
      const { NetworkSettings } = await live.inspect('web');
      await host.ok(...disconnect(id.slice(0, 12), 'web'));
      const after = await host.links('web');
      await host.ok('down', 'web');

      expect(links['wan0']).toMatchObject({
        mac: '02:00:00:00:00:77',
        addresses: ['10.42.0.77/24', 'fd00:42::77/64']
      });
      expect(NetworkSettings.Networks['two']).toMatchObject({ Aliases: ['db'] });
      expect(Object.keys(after)).toEqual(['lo', 'eth0']);
    });
  });

  it('it can be removed once the last container has been disconnected', async () => {
    await host.unchanged(async () => {
      await host.ok('network', 'create', '--disable-dns', 'brief', '--subnet', '10.43.0.0/24');
      await host.ok('up', 'web', '--network', 'one', '--network', 'brief');
      await host.ok(...disconnect('brief', 'web'));
      const removed = await host.ok('network', 'rm', 'brief');
      await host.ok('down', 'web');

      expect(removed).toBe('brief');
    });
  });

  it('a network whose plugin refuses leaves the container as it was', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one', '-p', '8080:80');
      const [before, view] = [await host.snapshot(), await live.inspect('web')];
      const within = await live.within(netnsOf('web'));
      double.on('guard', 'ADD', `echo '{"code":11,"msg":"full"}'; exit 1`);
      const refusal = await host.refused(...connect('front', 'web'));
      expectUnchanged(before, await host.snapshot());
      const [viewAfter, withinAfter] = [
        await live.inspect('web'),
        await live.within(netnsOf('web'))
      ];
      host.heal();
      await host.ok(...connect('front', 'web'));
      const healed = await host.links('web');
      await host.ok('down', 'web');

      expect(refusal).toEqual({ code: 125, reason: 'front for web: guard refused ADD: full' });
      expect(viewAfter).toEqual(view);
      expect(withinAfter).toEqual(within);
      expect(healed['eth1']!.addresses).toEqual([expect.stringMatching(/^10\.30\.0\./)]);
    });
  });

  it('a network whose plugin refuses to go is a member until it has', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one', '--network', 'front');
      double.on('guard', 'DEL', `echo '{"code":11,"msg":"busy"}'; exit 1`);
      const refusal = await host.refused(...disconnect('front', 'web'));
      const view = await live.inspect('web');
      host.heal();
      await host.ok(...disconnect('front', 'web'));
      const [links, after] = [await host.links('web'), await live.inspect('web')];
      await host.ok('down', 'web');

      expect(refusal).toEqual({ code: 125, reason: 'front for web: guard refused DEL: busy' });
      expect(Object.keys(view.NetworkSettings.Networks)).toEqual(['one', 'front']);
      expect(view.State.Status).toBe('degraded');
      expect(Object.keys(links)).toEqual(['lo', 'eth0']);
      expect(Object.keys(after.NetworkSettings.Networks)).toEqual(['one']);
    });
  });

  it('ports go over to the next network, which keeps its addresses', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one', '--network', 'two', '-p', '8080:80');
      const before = await host.links('web');
      await host.ok(...disconnect('one', 'web'));
      const after = await host.links('web');
      const moved = await live.answersOf('web', 80, [PUBLISHED]);
      await host.ok(...disconnect('two', 'web'));
      const none = await live.answersOf('web', 80, [PUBLISHED]);
      await host.ok(...connect('one', 'web'));
      const back = await live.answersOf('web', 80, [PUBLISHED]);
      await host.ok('down', 'web');

      expect(Object.keys(after)).toEqual(['lo', 'eth1']);
      expect(after['eth1']).toEqual(before['eth1']);
      expect([moved, none, back]).toEqual([['hello'], ['no answer'], ['hello']]);
    });
  });

  it('what makes no sense is refused in a line and changes nothing', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one');
      const before = await host.snapshot();
      const refusals = [
        await host.refused(...connect('one', 'web')),
        await host.refused(...connect('two', '--interface-name', 'eth0', 'web')),
        await host.refused(...connect('two', '--ip', '192.0.2.1', 'web')),
        await host.refused(...connect('nope', 'web')),
        await host.refused(...connect('two', 'nobody')),
        await host.refused(...disconnect('two', 'web')),
        await host.refused(...disconnect('nope', 'web')),
        await host.refused(...disconnect('two', 'nobody'))
      ];
      expectUnchanged(before, await host.snapshot());
      await host.ok('down', 'web');

      expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set([125]));
      expect(refusals.map(({ reason }) => reason)).toEqual([
        'container web is already connected to network one: network already exists',
        'container web has an interface eth0 already',
        expect.stringContaining('network two: 192.0.2.1 is not an address its IPAM can give out'),
        'unable to find network with name or ID nope: network not found',
        'no container is named nobody',
        'container web is not connected to network two',
        'unable to find network with name or ID nope: network not found',
        'no container is named nobody'
      ]);
    });
  });

  it('as many connects and disconnects at once as there are networks end well', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'one');
      await Promise.all(['two', 'front'].map((name) => host.ok(...connect(name, 'web'))));
      const all = await live.inspect('web');
      await Promise.all(['one', 'two', 'front'].map((name) => host.ok(...disconnect(name, 'web'))));
      const links = await host.links('web');
      await host.ok('down', 'web');

      expect(Object.keys(all.NetworkSettings.Networks).sort()).toEqual(['front', 'one', 'two']);
      expect(Object.keys(links)).toEqual(['lo']);
    });
  });
});

describe('while the container is defined', () => {
  it('its next start has the networks it was connected to, and no others', async () => {
    await host.unchanged(async () => {
      await host.ok('create', 'web', '--network', 'one');
      await host.ok(...connect('two', '--ip', '10.42.0.9', 'web'));
      const path = await host.ok('start', 'web');
      const first = await host.links('web');
      await host.ok('down', 'web');
      await host.ok(...disconnect('one', 'web'));
      await host.ok('up', 'web');
      const second = await host.links('web');
      await host.ok('rm', 'web');

      expect(path).toBe(netnsOf('web'));
      expect(Object.keys(first)).toEqual(['lo', 'eth0', 'eth1']);
      expect(first['eth1']!.addresses).toContain('10.42.0.9/24');
      expect(Object.keys(second)).toEqual(['lo', 'eth1']);
    });
  });

  it('a network that it was connected to while up is there after the next start', async () => {
    await host.unchanged(async () => {
      await host.ok('create', 'web', '--network', 'one');
      await host.ok('start', 'web');
      await host.ok(...connect('two', 'web'));
      await host.ok('down', 'web');
      await host.ok('start', 'web');
      const links = await host.links('web');
      await host.ok('rm', 'web');

      expect(Object.keys(links)).toEqual(['lo', 'eth0', 'eth1']);
    });
  });
});
