import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { rulesOf } from './rules-host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const rules = rulesOf(sandbox);

const WEB = netnsOf('web');
const inside = (command: string) => `nsenter --net=${WEB} ip ${command}`;
const BRIDGE = `$(ip -br link show type bridge | sed 's/ .*//;q')`;
const END = `$(ip -br link show type veth | sed 's/@.*//;q')`;
const UP = ['up', 'web', '--network', 'front:ip=10.20.0.9', '--network', 'back', '-p', '8080:80'];

beforeAll(async () => {
  for (const [name, third] of [
    ['front', 20],
    ['back', 21]
  ] as const) {
    const subnets = ['--subnet', `10.${third}.0.0/24`, '--subnet', `fd00:${third}::/64`];
    await host.ok('network', 'create', '--disable-dns', name, ...subnets);
  }
});

describe('what is amiss', () => {
  it.each<[string, string, readonly (readonly [string, string | RegExp])[]]>([
    ['nothing', 'true', []],
    [
      'an address',
      inside('addr del 10.20.0.9/24 dev eth0'),
      [
        ['address', 'address 10.20.0.9/24 of eth0 is gone'],
        ['route', 'route to 0.0.0.0/0 via 10.20.0.1 of eth0 is gone'],
        ['route', 'route to 10.20.0.0/24 of eth0 is gone']
      ]
    ],
    [
      'an IPv6 address',
      inside('-6 addr flush dev eth1 scope global'),
      [
        ['address', /^address fd00:21::\w+\/64 of eth1 is gone$/],
        ['route', 'route to fd00:21::/64 of eth1 is gone']
      ]
    ],
    [
      'the default route',
      inside('route del default dev eth0'),
      [['route', 'route to 0.0.0.0/0 via 10.20.0.1 of eth0 is gone']]
    ],
    [
      'a default route by another',
      `${inside('route del default dev eth0')}; ${inside('route add default via 10.20.0.7 metric 7')}`,
      [['route', 'route to 0.0.0.0/0 via 10.20.0.1 of eth0 is gone']]
    ],
    [
      'a link',
      inside('link del eth0'),
      [
        ['link', 'interface eth0 is gone'],
        ['bridge', /^veth\w+, the host's end of eth0, is gone$/]
      ]
    ],
    ['a link that is down', inside('link set eth1 down'), [['link', 'interface eth1 is down']]],
    [
      'the MAC address',
      inside('link set eth0 address 02:00:00:00:00:77'),
      [['link', /^interface eth0 has the MAC address 02:00:00:00:00:77, not [\da-f:]{17}$/]]
    ],
    [
      "the host's end that is down",
      `ip link set ${END} down`,
      [['bridge', /^veth\w+, the host's end of eth\d, is down$/]]
    ],
    [
      "the host's end on no bridge",
      `ip link set ${END} nomaster`,
      [['bridge', /^veth\w+, the host's end of eth\d, is not on bridge mooring\d$/]]
    ],
    [
      'the gateway',
      `ip addr del 10.20.0.1/24 dev $(ip -br -4 addr | sed -n 's/ .* 10.20.0.1.*//p')`,
      [['gateway', /^address 10\.20\.0\.1\/24 of mooring\d, the gateway, is gone$/]]
    ],
    [
      'a setting',
      'sysctl -qw net.ipv4.ip_forward=0',
      [
        ['rule', 'setting net.ipv4.ip_forward is switched off'],
        ['rule', 'setting net.ipv4.ip_forward is switched off']
      ]
    ],
    [
      'a rule',
      'iptables -t nat -D OUTPUT 1',
      [
        [
          'rule',
          'rule OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT (iptables, nat) is gone'
        ]
      ]
    ],
    [
      'a lease',
      'rm /var/lib/cni/networks/front/10.20.0.9',
      [['lease', 'the lease of address 10.20.0.9 of eth0 is gone']]
    ],
    [
      "a lease that is another's by now",
      'echo other >/var/lib/cni/networks/front/10.20.0.9',
      [['lease', 'address 10.20.0.9 of eth0 is leased to other']]
    ],
    ['the netns', `umount ${WEB}`, [['netns', `the network namespace ${WEB} is gone`]]]
  ])('is named for %s, and looking changes no rule', async (_, damage, drifts) => {
    await host.ok(...UP);
    await host.sh(damage);
    const before = await rules.saved();
    const { facts } = await rules.examine('web');
    const after = await rules.saved();
    await host.ok('down', 'web');
    await host.sh('rm -f /var/lib/cni/networks/front/10.20.0.9');

    const found = facts[0]!.drifts!.map(({ kind, text }) => [kind, text]);
    expect(facts[0]).toMatchObject({ type: 'attachments.examined', complete: true });
    expect(found).toEqual(
      drifts.map(([kind, text]) => [
        kind,
        typeof text === 'string' ? text : expect.stringMatching(text)
      ])
    );
    expect(after).toEqual(before);
  });

  it('is told of the bridge, by each container on it', async () => {
    await host.ok('up', 'a', '--network', 'front');
    await host.ok('up', 'b', '--network', 'front');
    await host.sh(`ip link del ${BRIDGE}`);
    const { facts } = await rules.examine('a', 'b');
    await host.ok('down', '--all');

    for (const { drifts } of facts) {
      expect(drifts!.map(({ text }) => text)).toContainEqual(
        expect.stringMatching(/^bridge mooring\d is gone$/)
      );
    }
  });

  it('may be more than is known with a plugin of another', async () => {
    await host.sh(`
      mkdir -p /run/plugins; ln -sf /usr/lib/cni/tuning /run/plugins/strange
      sed 's/"front"/"odd"/; s/10.20.0/10.29.0/g; s/fd00:20:/fd00:29:/g; s/"tuning"/"strange"/
        s/"bridge": *"[^"]*"/"bridge":"odd1"/' /etc/cni/net.d/*front*.conflist >/etc/cni/net.d/odd.conflist`);
    const dirs = ['--cni-plugin-dir', '/run/plugins', '--cni-plugin-dir', '/usr/lib/cni'];
    await host.ok(...dirs, 'up', 'web', '--network', 'odd');
    const { facts } = await rules.examine('web');
    await host.ok(...dirs, 'down', 'web');

    expect(facts[0]).toMatchObject({ drifts: [], complete: false });
  });
});
