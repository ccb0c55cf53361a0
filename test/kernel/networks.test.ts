import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, refusalOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

/** Creates networks for the work and removes them after it. */
const having = async (networks: readonly (readonly string[])[], work: () => Promise<void>) =>
  host.unchanged(async () => {
    for (const argv of networks) await host.ok('network', 'create', ...argv);
    await work();
    await host.ok('network', 'rm', ...networks.map(([name]) => name!));
  });

const inspect = (...names: readonly string[]) =>
  host.json<Network[]>('network', 'inspect', ...names);
const names = async (...filters: readonly string[]) => {
  const text = await host.ok(
    'network',
    'ls',
    '-q',
    ...filters.flatMap((text) => ['--filter', text])
  );
  return text === '' ? [] : text.split('\n');
};

describe('network create', () => {
  it('without a word makes a bridge with a free subnet and prints its name', async () => {
    await host.unchanged(async () => {
      const name = await host.ok('network', 'create');
      const file = JSON.parse(await host.sh(`cat /etc/cni/net.d/${name}.conflist`)) as Conflist;
      await host.ok('network', 'rm', name);

      const [bridge, ...others] = file.plugins;
      expect(name).toMatch(/^mooring\d+$/);
      expect(file).toMatchObject({ cniVersion: '1.0.0', name });
      expect(bridge).toMatchObject({
        type: 'bridge',
        isGateway: true,
        ipMasq: true,
        ipam: {
          type: 'host-local',
          routes: [{ dst: '0.0.0.0/0' }],
          ranges: [[{ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }]]
        }
      });
      expect(others).toContainEqual({ type: 'portmap', capabilities: { portMappings: true } });
    });
  });

  it('gives the subnet and the MTU that were asked for, also to its containers', async () => {
    const wanted = ['front', '--subnet', '10.11.12.5/24', '--opt', 'mtu=9000'];
    await having([wanted], async () => {
      await host.ok('up', 'web', '--network', 'front', '--network-alias', 'web1');
      const { eth0 } = await host.links('web');
      const mtu = await host.ok('exec', 'web', '--', 'cat', '/proc/sys/net/ipv6/conf/eth0/mtu');
      const [container] = await host.json<Container[]>('inspect', 'web');
      const [network] = await inspect('front');
      await host.ok('down', 'web');

      expect(network!.subnets).toEqual([{ subnet: '10.11.12.0/24', gateway: '10.11.12.1' }]);
      expect(network!.plugins[0]!.mtu).toBe(9000);
      expect(eth0!.addresses).toEqual([expect.stringMatching(/^10\.11\.12\.\d+\/24$/)]);
      expect(mtu).toBe('9000');
      expect(container!.NetworkSettings.Networks['front']!.Aliases).toEqual(['web1']);
    });
  });

  it('makes IPv6 and dual-stack networks: what was given first, what was generated after', async () => {
    const networks = [
      ['six', '--subnet', 'fd00:1:2:3::/64'],
      ['dual', '--subnet', 'fd00:4:3:2::/64', '--ipv6'],
      ['both', '--ipv6'],
      ['four', '--subnet', '10.12.0.0/24', '--ipv6']
    ];
    await having(networks, async () => {
      const views = await inspect('six', 'dual', 'both', 'four');
      const refusal = await host.refused(
        'network',
        'create',
        'late',
        '--subnet',
        'fd00:1:2:3::/64'
      );
      await host.ok('up', 'web', '--network', 'six', '--network', 'dual');
      const { eth0, eth1 } = await host.links('web');
      await host.ok('down', 'web');

      const families = views.map(({ subnets }) =>
        subnets.map(({ subnet }) => (subnet.includes(':') ? 6 : 4))
      );
      expect(families).toEqual([[6], [6, 4], [4, 6], [4, 6]]);
      expect(views[1]!.plugins[0]!.ipam!.routes).toEqual([{ dst: '::/0' }, { dst: '0.0.0.0/0' }]);
      expect(refusal).toEqual({
        code: 125,
        reason: 'network fd00:1:2:3::/64 is already being used by a cni configuration: six'
      });
      expect(eth0!.addresses).toEqual([expect.stringMatching(/^fd00:1:2:3::\w+\/64$/)]);
      expect(eth1!.addresses.map((address) => address.includes(':')).sort()).toEqual([false, true]);
    });
  });

  it('takes a VLAN, labels, internal networks and macvlans', async () => {
    const networks = [
      ['tagged', '--disable-dns', '--opt', 'vlan=9', '--label', 'a=1', '--label', 'b'],
      ['inner', '--internal', '--disable-dns'],
      ['mac1', '--macvlan', 'lo'],
      ['mac2', '-d', 'macvlan'],
      ['mac3', '-d', 'macvlan', '-o', 'parent=lo']
    ];
    await having(networks, async () => {
      const [tagged, inner, ...macvlans] = await inspect('tagged', 'inner', 'mac1', 'mac2', 'mac3');
      const refusal = await host.refused(
        ...['network', 'create', 'mac4', '-d', 'macvlan', '-o', 'parent=none0']
      );

      expect(tagged).toMatchObject({
        labels: { a: '1', b: '' },
        plugins: [{ vlan: 9 }, {}, {}, {}]
      });
      expect(inner).toMatchObject({ internal: true, plugins: [{ ipMasq: false }, {}, {}, {}] });
      expect(macvlans.map(({ plugins }) => plugins)).toEqual(
        ['lo', '', 'lo'].map((master) => [{ type: 'macvlan', master, ipam: { type: 'dhcp' } }])
      );
      expect(refusal.reason).toContain('parent interface none0 does not exist');
    });
  });

  it('refuses a second of the same name and leaves the first as it is', async () => {
    await having([['front', '--subnet', '10.11.12.0/24']], async () => {
      const before = await inspect('front');
      const refusal = await host.refused('network', 'create', 'front', '--subnet', '10.13.0.0/24');

      expect(refusal).toEqual({ code: 125, reason: 'the network name front is already used' });
      expect(await inspect('front')).toEqual(before);
    });
  });
});

describe('network ls', () => {
  it('shows a conflist that was put there by hand', async () => {
    await host.unchanged(async () => {
      const conflist = '{"cniVersion":"0.4.0","name":"hand","plugins":[{"type":"ptp"}]}';
      await host.sh(`echo '${conflist}' >/etc/cni/net.d/87-hand.conflist`);
      const [quiet, table] = [await names(), await host.ok('network', 'ls')];
      const removed = await host.ok('network', 'rm', 'hand');

      expect(quiet).toEqual(['hand']);
      expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
        ['NETWORK ID', 'NAME', 'VERSION', 'PLUGINS'],
        [expect.stringMatching(/^[0-9a-f]{12}$/), 'hand', '0.4.0', 'ptp']
      ]);
      expect(removed).toBe('hand');
    });
  });

  it('filters by plugin, name, id and label', async () => {
    const networks = [
      ['net1', '--label', 'l1'],
      ['net2', '--label', 'l1', '--label', 'l2=x'],
      ['networkIDTest', '-d', 'macvlan']
    ];
    await having(networks, async () => {
      expect(await names('plugin=bridge')).toEqual(['net1', 'net2']);
      expect(await names('plugin=test')).toEqual([]);
      expect(await names('plugin=bridge', 'name=net1')).toEqual(['net1']);
      expect(await names('name=net1', 'name=net2')).toEqual(['net1', 'net2']);
      expect(await names('label=l1')).toEqual(['net1', 'net2']);
      expect(await names('label=l1', 'label=l2')).toEqual(['net2']);
      expect(await names('label=l2=x')).toEqual(['net2']);
      expect(await names('driver=macvlan', `id=${ID.slice(10, 20)}`)).toEqual(['networkIDTest']);
      expect(await host.refused('network', 'ls', '--filter', 'namr=ab')).toEqual({
        code: 125,
        reason: 'invalid filter "namr"'
      });
    });
  });
});

describe('a network', () => {
  it('is found by name, by id, and by the beginning of its id', async () => {
    await host.unchanged(async () => {
      await host.ok('network', 'create', 'networkIDTest');
      const [short, whole] = [
        await host.ok('network', 'ls', '--noheading'),
        await host.ok('network', 'ls', '--noheading', '--no-trunc')
      ];
      const byPrefix = await inspect(ID.slice(0, 40));
      const suffix = await sandbox.mooring('network', 'inspect', ID.slice(1));
      const exists = await sandbox.mooring('network', 'exists', ID.slice(0, 10));
      const removed = await host.ok('network', 'rm', ID);
      const missing = await sandbox.mooring('network', 'exists', 'networkIDTest');

      expect(short.split(' ')[0]).toBe(ID.slice(0, 12));
      expect(whole.split(' ')[0]).toBe(ID);
      expect(byPrefix).toMatchObject([{ name: 'networkIDTest', id: ID }]);
      expect(suffix.stdout).toBe('[]\n');
      expect(refusalOf(suffix)).toEqual({ code: 125, reason: `no such network ${ID.slice(1)}` });
      expect(removed).toBe('networkIDTest');
      expect(exists).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(missing).toEqual({ code: 1, stdout: '', stderr: '' });
    });
  });

  it('is inspected as JSON, several at once, or by one field', async () => {
    await having([['a'], ['b']], async () => {
      const both = await inspect('a', 'b');
      const field = await host.ok('network', 'inspect', 'a', 'b', '--format', '{{.cniVersion}}');
      const none = await host.refused('network', 'inspect');

      expect(both.map(({ name }) => name)).toEqual(['a', 'b']);
      expect(field).toBe('1.0.0\n1.0.0');
      expect(none).toEqual({ code: 125, reason: "missing required argument 'networks'" });
    });
  });

  it('is removed by rm and remove, in the order given, past those that are not there', async () => {
    await host.unchanged(async () => {
      for (const name of ['a', 'b', 'c']) await host.ok('network', 'create', name);
      const two = await host.ok('network', 'rm', 'b', 'a');
      const mixed = await sandbox.mooring('network', 'remove', 'bogus', 'c');
      const bogus = await host.refused('network', 'rm', 'bogus');
      const none = await host.refused('network', 'rm');

      expect(two).toBe('b\na');
      expect(mixed).toEqual({ code: 1, stdout: 'c\n', stderr: 'Error: no such network bogus\n' });
      expect(bogus).toEqual({ code: 1, reason: 'no such network bogus' });
      expect(none).toEqual({ code: 125, reason: "missing required argument 'networks'" });
    });
  });

  it('that containers use stays, and they are named', async () => {
    await having([['a'], ['b']], async () => {
      await host.ok('up', 'web', '--network', 'a');
      await host.ok('up', 'db', '--network', 'a', '--network', 'b');
      const refusal = await host.refused('network', 'rm', 'a');
      await host.ok('down', 'web', 'db');

      expect(refusal.code).toBe(2);
      expect(refusal.reason).toMatch(/^"a" has associated containers with it: (web, db|db, web)$/);
    });
  });
});

// sha256 of `networkIDTest`, the id that podman gives it.
const ID = '6073aefe03cdf8f29be5b23ea9795c431868a3a22066a6290b187691614fee84';

interface Conflist {
  readonly plugins: readonly Plugin[];
}

interface Plugin {
  readonly type: string;
  readonly mtu?: number;
  readonly ipam?: { readonly routes?: readonly object[] };
}

interface Network extends Conflist {
  readonly name: string;
  readonly subnets: readonly { readonly subnet: string }[];
}

interface Container {
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly Aliases: readonly string[] }>>;
  };
}
