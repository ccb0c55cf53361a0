import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox({ each: true });
const host = hostOf(sandbox);
let port = 7000;

const create = (...argv: readonly string[]) =>
  host.ok('network', 'create', '--disable-dns', ...argv);
const inside = (id: string, command: string) =>
  sandbox.run(['nsenter', `--net=${netnsOf(id)}`, ...command.split(' ')]);
/** Whether a message from one container is answered by another at that address. */
const reaches = async (from: string, to: string, at: string, timeoutMs = 5000) => {
  const endpoint = { protocol: 'tcp', address: at, port: (port += 1) } as const;
  const server = await serve(sandbox, { ...endpoint, netns: netnsOf(to) });
  const answer = await ask(sandbox, { ...endpoint, netns: netnsOf(from) }, 'hello', timeoutMs);
  await server.kill('SIGTERM');
  await server.done;
  return answer.code === 0 && answer.stdout.includes('hello');
};
const addressesOf = async (id: string, ifName: string) => {
  const links = await host.links(id);
  return links[ifName]!.addresses;
};
const address = async (id: string, family: 4 | 6, ifName = 'eth0') =>
  (await addressesOf(id, ifName))
    .map((cidr) => cidr.split('/')[0]!)
    .find((text) => text.includes(':') === (family === 6))!;
const routes = async (id: string) =>
  JSON.parse((await inside(id, 'ip -j route')).stdout) as readonly Route[];
const inspect = async (name: string) =>
  (await host.json<Record<string, unknown>[]>('network', 'inspect', name))[0]!;
/** A parent that every kernel has. */
const addParent = () =>
  host.sh('ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up');

describe('a bridge', () => {
  it('carries IPv6 alone, and both families at once', async () => {
    await host.unchanged(async () => {
      await create('six', '--subnet', 'fd00:6::/64');
      await create('dual', '--ipv6');
      await host.ok('up', 'a', '--network', 'six', '--network', 'dual');
      await host.ok('up', 'b', '--network', 'six', '--network', 'dual');
      const reached = [
        await reaches('a', 'b', await address('b', 6, 'eth0')),
        await reaches('a', 'b', await address('b', 4, 'eth1')),
        await reaches('a', 'b', await address('b', 6, 'eth1'))
      ];
      const four = await address('a', 4, 'eth0');
      await host.ok('network', 'rm', '-f', 'six', 'dual');

      expect(reached).toEqual([true, true, true]);
      expect(four).toBeUndefined();
    });
  });

  it('that is internal has no default route, no gateway and no masquerade', async () => {
    await host.unchanged(async () => {
      const ran = await sandbox.mooring('network', 'create', 'inner', '--internal');
      await host.ok('up', 'a', '--network', 'inner');
      await host.ok('up', 'b', '--network', 'inner');
      const view = await inspect('inner');
      const [table, nat] = [await routes('a'), await host.sh('iptables-save -t nat')];
      const reached = await reaches('a', 'b', await address('b', 4));
      await host.ok('network', 'rm', '-f', 'inner');

      expect(ran).toEqual({
        code: 0,
        stdout: 'inner\n',
        stderr:
          'Warning: dnsname and internal networks are incompatible. dnsname plugin not configured for network inner\n'
      });
      expect(view).toMatchObject({ internal: true, dns_enabled: false });
      expect(table.map(({ dst }) => dst)).toEqual(['10.89.0.0/24']);
      expect(nat).not.toMatch(/MASQUERADE|inner/);
      expect(reached).toBe(true);
    });
  });

  it('that is isolated is not reached from another such, and leaves no rule behind', async () => {
    await host.unchanged(async () => {
      await host.sh('sysctl -qw net.ipv4.ip_forward=1');
      for (const name of ['one', 'two']) await create(name, '-o', 'isolate=true');
      for (const name of ['three', 'four']) await create(name);
      for (const name of ['one', 'two', 'three', 'four']) {
        await host.ok('up', `${name}-a`, '--network', name);
      }
      await host.ok('up', 'one-b', '--network', 'one');
      const reached = {
        within: await reaches('one-a', 'one-b', await address('one-b', 4)),
        across: await reaches('one-a', 'two-a', await address('two-a', 4), 1000),
        open: await reaches('three-a', 'four-a', await address('four-a', 4))
      };
      const { options } = await inspect('one');
      await host.ok('network', 'rm', '-f', 'one', 'two', 'three', 'four');

      expect(reached).toEqual({ within: true, across: false, open: true });
      expect(options).toEqual({ isolate: 'true' });
    });
  });

  it('gives its containers the routes that were asked for', async () => {
    await host.unchanged(async () => {
      await create('r', '--subnet', '10.5.0.0/24', '--route', '10.77.0.0/16,10.5.0.9');
      await host.ok('up', 'a', '--network', 'r');
      const table = await routes('a');
      const view = await inspect('r');
      await host.ok('network', 'rm', '-f', 'r');
      const refusals = [
        await host.refused('network', 'create', 'x', '--route', '10.77.0.0/16,10.6.0.9'),
        await host.refused('network', 'create', 'x', '--route', '10.77.0.0/16')
      ];

      expect(table).toContainEqual(
        expect.objectContaining({ dst: '10.77.0.0/16', gateway: '10.5.0.9' })
      );
      expect(table).toContainEqual(
        expect.objectContaining({ dst: 'default', gateway: '10.5.0.1' })
      );
      expect(view).toMatchObject({
        routes: [{ destination: '10.77.0.0/16', gateway: '10.5.0.9' }],
        ipam_options: { driver: 'host-local' }
      });
      expect(refusals.map(({ reason }) => reason)).toEqual([
        'invalid route "10.77.0.0/16,10.6.0.9": gateway 10.6.0.9 not in a subnet of the network',
        'invalid route "10.77.0.0/16": it must be DESTINATION,GATEWAY[,METRIC]'
      ]);
    });
  });

  it('has its MTU and its VLAN in the kernel, or says that the kernel has none', async () => {
    const filtering = await sandbox.run([
      'ip',
      ...'link add t0 type bridge vlan_filtering 1'.split(' ')
    ]);
    if (filtering.code !== 0) {
      await host.unchanged(() => expectRefused('v', '-o', 'vlan=9', '--interface-name', 'vbr0'));
      return;
    }
    await host.sh('ip link del t0');
    await host.unchanged(async () => {
      await create('v', '-o', 'mtu=1400', '-o', 'vlan=9', '--interface-name', 'vbr0');
      await host.ok('up', 'a', '--network', 'v');
      const link = await inside('a', 'ip -j link show eth0');
      const vlans = await host.sh('bridge -j vlan show');
      await host.ok('network', 'rm', '-f', 'v');

      expect(JSON.parse(link.stdout)).toMatchObject([{ mtu: 1400 }]);
      expect(vlans).toMatch(/"vlan":9\b/);
    });
  });

  it('without IPAM joins containers that have no address', async () => {
    await host.unchanged(async () => {
      await create('l2', '--ipam-driver', 'none', '-o', 'mtu=1400');
      await host.ok('up', 'a', '--network', 'l2');
      const { eth0 } = await host.links('a');
      const link = await inside('a', 'ip -j -d link show eth0');
      const view = await inspect('l2');
      await host.ok('network', 'rm', '-f', 'l2');

      expect(eth0!.addresses).toEqual([]);
      expect(JSON.parse(link.stdout)).toMatchObject([{ mtu: 1400 }]);
      expect(view).toMatchObject({
        internal: false,
        ipam_options: { driver: 'none' },
        subnets: []
      });
    });
  });
});

describe('a macvlan', () => {
  it('joins two containers on a parent, in the mode that was asked for', async () => {
    await addParent();
    await host.unchanged(async () => {
      const options = ['-d', 'macvlan', '--subnet', '10.6.0.0/24', '-o', 'parent=up0'];
      await create('lan', ...options, '-o', 'mode=bridge', '-o', 'mtu=1400');
      await host.ok('up', 'a', '--network', 'lan');
      await host.ok('up', 'b', '--network', 'lan');
      const reached = await reaches('a', 'b', await address('b', 4));
      const link = JSON.parse((await inside('a', 'ip -j -d link show eth0')).stdout) as unknown;
      const view = await inspect('lan');
      await host.ok('network', 'rm', '-f', 'lan');

      expect(reached).toBe(true);
      expect(link).toMatchObject([
        { mtu: 1400, linkinfo: { info_kind: 'macvlan', info_data: { mode: 'bridge' } } }
      ]);
      expect(view).toMatchObject({
        driver: 'macvlan',
        network_interface: 'up0',
        dns_enabled: false,
        options: { mode: 'bridge', mtu: '1400' }
      });
    });
  });
});

describe('a macvlan without a subnet', () => {
  it('has the address that a DHCP server lends, and gives it back', async () => {
    await addParent();
    await host.sh(`
      ip netns add lan && ip link set up1 netns lan
      ip -n lan addr add 192.0.2.1/24 dev up1 && ip -n lan link set up1 up
      ip netns exec lan dnsmasq --conf-file=/dev/null --port=0 --interface=up1 --user=root --pid-file \
        --dhcp-leasefile=/run/leases --dhcp-range=192.0.2.50,192.0.2.60,1h
      /usr/lib/cni/dhcp daemon >/run/dhcp.log 2>&1 &
      until [ -S /run/cni/dhcp.sock ]; do sleep 0.05; done`);
    const leases = async () => (await host.sh('cat /run/leases')).match(/192\.0\.2\.\d+/g);
    await host.unchanged(async () => {
      await create('lan', '-d', 'macvlan', '-o', 'parent=up0');
      await host.ok('up', 'a', '--network', 'lan');
      const lent = await address('a', 4);
      const held = await leases();
      await host.ok('network', 'reload', 'a');
      const kept = await address('a', 4);
      await host.ok('network', 'rm', '-f', 'lan');

      expect(held).toEqual([lent]);
      expect(kept).toBe(lent);
      expect(await leases()).toBeNull();
    });
  });
});

describe('an ipvlan', () => {
  it('is written as podman writes it', async () => {
    await create(
      'ipv',
      '-d',
      'ipvlan',
      '--subnet',
      '10.6.0.0/24',
      '-o',
      'parent=lo',
      '-o',
      'mode=l3'
    );
    const view = await inspect('ipv');

    expect(view).toMatchObject({
      driver: 'ipvlan',
      network_interface: 'lo',
      plugins: [{ type: 'ipvlan', master: 'lo', mode: 'l3', ipam: { type: 'host-local' } }]
    });
  });

  it('joins two containers on a parent, or says that the kernel can not', async () => {
    await addParent();
    const link = 'link add link up0 name t0 type ipvlan mode l2';
    if ((await sandbox.run(['ip', ...link.split(' ')])).code !== 0) {
      await host.unchanged(() => expectRefused('ipv', '-d', 'ipvlan', '-o', 'parent=up0'));
      return;
    }
    await host.sh('ip link del t0');
    await host.unchanged(async () => {
      await create('ipv', '-d', 'ipvlan', '--subnet', '10.6.0.0/24', '-o', 'parent=up0');
      await host.ok('up', 'a', '--network', 'ipv');
      await host.ok('up', 'b', '--network', 'ipv');
      const reached = await reaches('a', 'b', await address('b', 4));
      await host.ok('network', 'rm', '-f', 'ipv');

      expect(reached).toBe(true);
    });
  });
});

describe('network create', () => {
  it('leaves what others have put there as it is', async () => {
    await host.sh(`
      mkdir -p /etc/cni/net.d
      printf '{"cniVersion":"0.4.0","name":"podman","plugins":[{"type":"bridge","bridge":"cni-podman0"}]}' \\
        >/etc/cni/net.d/87-podman.conflist
      ip link add cni-podman0 type bridge
      ip addr add 10.89.0.1/24 dev cni-podman0`);
    const look = () =>
      host.sh('cat /etc/cni/net.d/87-podman.conflist; ip -j addr show cni-podman0');
    const before = await look();
    const name = await create();
    await host.ok('up', 'a', '--network', name);
    const mine = await address('a', 4);
    const refusal = await host.refused('network', 'create', '--subnet', '10.89.0.0/25');
    await host.ok('network', 'rm', '-f', name);

    expect(mine).toMatch(/^10\.89\.1\./);
    expect(refusal.reason).toBe(
      'network 10.89.0.0/25 is being used by a network interface: cni-podman0 with 10.89.0.0/24'
    );
    expect(await look()).toBe(before);
  });

  it('takes an existing network with --ignore, and gives names unless told not to', async () => {
    await host.ok('network', 'create', 'named');
    await create('plain');
    const again = await host.ok(
      'network',
      'create',
      'named',
      '--ignore',
      '--subnet',
      '10.7.0.0/24'
    );
    const views = [await inspect('named'), await inspect('plain')];

    expect(again).toBe('named');
    expect(views.map((view) => view['dns_enabled'])).toEqual([true, false]);
    expect(views[0]!['subnets']).toEqual([{ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }]);
  });

  it('refuses a metric that the plugins would leave out', async () => {
    const refusal = await host.refused('network', 'create', 'm', '-o', 'metric=50');

    expect(refusal).toEqual({
      code: 125,
      reason: 'metric 50 needs plugins that speak CNI 1.1.0, those of this host speak 1.0.0'
    });
  });
});

interface Route {
  readonly dst: string;
  readonly gateway?: string;
}

/** What the kernel lacks is told by the plugin, in one line, and leaves nothing. */
async function expectRefused(name: string, ...options: readonly string[]): Promise<void> {
  await create(name, '--subnet', '10.6.0.0/24', ...options);
  const refusal = await host.refused('up', 'a', '--network', name);
  await host.ok('down', 'a');
  await host.ok('network', 'rm', name);

  expect(refusal.reason).toMatch(new RegExp(`^${name} for a: (bridge|ipvlan) refused ADD: `));
}
