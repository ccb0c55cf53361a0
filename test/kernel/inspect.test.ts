import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Background } from '../sandbox/background.ts';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import type { Checked, Examination } from '../../src/model/examination.ts';
import type { NetworkSettings } from '../../src/model/network-settings.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.sh('sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.50.50.0/24');
  await host.ok(
    'network',
    'create',
    '--disable-dns',
    'a',
    '--subnet',
    '10.50.51.0/25',
    '--subnet',
    'fd00:51::/64'
  );
  await host.ok('network', 'create', '--disable-dns', 'b', '--subnet', '10.50.51.128/26');
});

interface Inspected {
  readonly HostConfig: { readonly NetworkMode: string; readonly PortBindings: object };
  readonly NetworkSettings: NetworkSettings;
}

const inspect = async (id: string) => (await host.json<readonly Inspected[]>('inspect', id))[0]!;
const settingsOf = async (id: string) => (await inspect(id)).NetworkSettings;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('inspect', () => {
  it('has one entry for one network, with its id and an endpoint that lasts', async () => {
    await host.ok('up', 'web', '--network', 'front:alias=www', '-p', '8080:80');
    const { HostConfig, NetworkSettings: settings } = await inspect('web');

    const entry = settings.Networks['front']!;
    expect(Object.keys(settings.Networks)).toEqual(['front']);
    expect(entry).toMatchObject({
      NetworkID: sha256('front'),
      IPPrefixLen: 24,
      Gateway: '10.50.50.1',
      Aliases: ['www'],
      InterfaceName: 'eth0'
    });
    expect(entry.IPAddress).toMatch(/^10\.50\.50\./);
    expect(entry.MacAddress).toBe((await host.links('web'))['eth0']!.mac);
    expect(entry.EndpointID).toMatch(/^[0-9a-f]{64}$/);
    expect(settings.SandboxKey).toBe(netnsOf('web'));
    expect(HostConfig).toEqual({ NetworkMode: 'bridge', PortBindings: settings.Ports });
    await host.ok('network', 'reload', '--full', 'web');
    expect((await settingsOf('web')).Networks['front']).toEqual(entry);
    await host.ok('down', 'web');
  });

  it('has the ids alone of what is down, and each family for itself of what is up', async () => {
    await host.ok('create', 'two', '--network', 'a', '--network', 'b');
    const down = (await settingsOf('two')).Networks;
    expect(Object.keys(down)).toEqual(['a', 'b']);
    expect(down['a']).toMatchObject({ NetworkID: sha256('a'), EndpointID: '', IPAddress: '' });
    expect(down['a']).not.toHaveProperty('Mismatch');

    await host.ok('start', 'two');

    const { Networks } = await settingsOf('two');
    expect(Networks['a']).toMatchObject({
      IPPrefixLen: 25,
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: 'fd00:51::1',
      SecondaryIPv6Addresses: []
    });
    expect(Networks['a']!.GlobalIPv6Address).toMatch(/^fd00:51::/);
    expect(Networks['b']).toMatchObject({ IPPrefixLen: 26, GlobalIPv6Address: '' });
    await host.ok('rm', 'two');
  });

  it('has no entry left once the last network is disconnected', async () => {
    await host.ok('up', 'web', '--network', 'front');
    await host.ok('network', 'disconnect', 'front', 'web');

    expect((await settingsOf('web')).Networks).toEqual({});
    await host.ok('down', 'web');
  });

  it("shows of one that shares a netns what its owner has, and each one's mode", async () => {
    await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
    await host.ok('up', 'sharer', '--network', 'container:web');
    await host.ok('up', 'alone', '--network', 'none');
    await host.ok('up', 'at', '--network', `ns:${netnsOf('web')}`);
    await host.ok('up', 'outside', '--network', 'host');

    expect(await settingsOf('sharer')).toEqual(await settingsOf('web'));
    const modes = await Promise.all(
      ['web', 'sharer', 'alone', 'at', 'outside'].map(
        async (id) => (await inspect(id)).HostConfig.NetworkMode
      )
    );
    expect(modes).toEqual(['bridge', 'container:web', 'none', `ns:${netnsOf('web')}`, 'host']);
    expect((await settingsOf('alone')).Networks).toEqual({});
    expect(await settingsOf('outside')).toMatchObject({ Networks: {}, SandboxKey: '' });
    await host.ok('down', 'outside', 'at', 'alone', 'sharer', 'web');
  });
});

describe('inspect --kernel', () => {
  it('puts what is wanted, recorded and there side by side, and changes nothing', async () => {
    await host.ok('up', 'web', '--network', 'front');
    await host.sh(`nsenter --net=${netnsOf('web')} ip addr flush dev eth0`);
    const journal = await host.ok('journal', 'export', 'web');

    const [seen] = await host.json<readonly Examination[]>('inspect', '--kernel', 'web');

    const { desired, recorded, observed, drifts, failure } = seen!;
    const [ip] = recorded.attachments[0]!.result!.ips!;
    const eth0 = observed!.links.find(({ name }) => name === 'eth0')!;
    expect(desired.networks).toEqual([{ network: 'front', ifName: 'eth0' }]);
    expect(ip!.address).toMatch(/^10\.50\.50\.\d+\/24$/);
    expect(eth0).toMatchObject({ kind: 'veth', up: true });
    expect(eth0.addresses).not.toContain(ip!.address);
    expect(drifts.length).toBeGreaterThan(0);
    expect(drifts[0]).toMatchObject({ network: 'front' });
    expect(failure).toBeNull();
    expect(await host.ok('journal', 'export', 'web')).toBe(journal);
    await host.ok('down', 'web');
  });
});

describe('check', () => {
  it('says ok, or what is amiss, and changes nothing', async () => {
    await host.ok('up', 'web', '--network', 'front');
    await host.ok('up', 'db', '--network', 'a', '-p', '8081:80');
    expect(await host.ok('check', 'web', 'db')).toMatch(
      /^web: ok\ndb: not checked: .*portmap.*\ndb: ok$/
    );
    await host.sh(`nsenter --net=${netnsOf('web')} ip link del eth0`);

    const ran = await sandbox.mooring('check', 'web', '--format', 'json');

    const [checked] = JSON.parse(ran.stdout) as readonly Checked[];
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(checked!.findings.map(({ network }) => network)).toContain('front');
    expect(JSON.stringify(checked!.findings)).toContain('eth0');
    await host.ok('down', '--all');
  });

  it('finds nothing amiss where ports of one family are published', async () => {
    await host.ok('network', 'create', '--disable-dns', 'six', '--subnet', 'fd00:66::/64');
    await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
    await host.ok('up', 'db', '--network', 'six', '-p', '8081:80');
    const well = await host.ok('check', 'web', 'db');
    await host.sh('iptables -t nat -F; iptables -t nat -X');
    const amiss = await sandbox.mooring('check', 'web');
    await host.ok('down', '--all');

    expect(well).toMatch(
      /^web: not checked: .*ipv6 dnat.*\nweb: ok\ndb: not checked: .*ipv4 dnat.*\ndb: ok$/
    );
    expect(amiss.code).toBe(1);
  });

  it('asks nothing of what is down or unknown', async () => {
    await host.ok('create', 'kept', '--network', 'front');
    expect(await host.refused('check', 'kept')).toEqual({
      code: 125,
      reason: 'container kept is defined: container state improper'
    });
    expect(await host.refused('check', 'nobody')).toEqual({
      code: 125,
      reason: 'no container is named nobody'
    });
    expect(await host.ok('check', '--all')).toBe('');
    await host.ok('rm', 'kept');
  });
});

/** What is told of the network `late` and the container `web`, without the times. */
function toldOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => /UTC (.*)$/.exec(line)?.[1] ?? '')
    .filter((line) => /late|web/.test(line));
}

/** Whoever follows says nothing until something happens: so it does, until it is heard. */
async function listening(following: Background): Promise<void> {
  let heard = false;
  const line = following.line(/ container up probe /).then(() => (heard = true));
  while (!heard) {
    await host.ok('up', 'probe', '--network', 'none');
    await host.ok('down', 'probe');
  }
  await line;
}

describe('events', () => {
  it('tell of networks and connections once they are there, and of a reload nothing', async () => {
    const following = await sandbox.start([process.execPath, MOORING, 'events', '--follow']);
    await listening(following);
    await host.ok('network', 'create', '--disable-dns', 'late', '--subnet', '10.50.60.0/24');
    await host.ok('up', 'web', '--network', 'late');
    await host.ok('network', 'reload', '--full', 'web');
    await host.ok('network', 'connect', 'front', 'web');
    await host.refused('network', 'connect', 'a', 'web', '--ip', '10.9.9.9');
    await host.ok('network', 'disconnect', 'front', 'web');
    await host.ok('down', 'web');
    await host.ok('network', 'rm', 'late');
    await following.line(/ network remove /);
    await following.kill('SIGTERM');
    const { stdout } = await following.done;
    const afterwards = await host.ok('events');

    const told = toldOf(stdout);
    const late = sha256('late');
    // Of what has ended, too: neither the container nor the network is there any more.
    expect(toldOf(afterwards).slice(-told.length)).toEqual(told);
    expect(told).toEqual([
      `network create ${late} (name=late, type=bridge)`,
      'network connect web (container=web, name=late)',
      'container up web (name=web)',
      'network connect web (container=web, name=front)',
      'network disconnect web (container=web, name=front)',
      'network disconnect web (container=web, name=late)',
      'container absent web (name=web)',
      `network remove ${late} (name=late, type=bridge)`
    ]);
    await host.ok('down', '--all');
  });
});

describe('in a machine of podman', () => {
  it('tells the plugins its address, and has ports forwarded by podman-machine', async () => {
    await host.sh(`mkdir /run/plugins; cp /usr/lib/cni/* /run/plugins; cat > /run/plugins/podman-machine <<'END'
#!/bin/sh
case "$CNI_COMMAND" in
VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}'; exit;;
esac
echo "$CNI_COMMAND \${PODMAN_MACHINE_HOST-none}" >> /run/machine.log
input=$(cat); echo "$input" | grep -o '"portMappings":\\[[^]]*\\]' >> /run/machine.log
echo "$input" | sed -n 's/.*"prevResult":\\(.*\\),"runtimeConfig".*/\\1/p'
END
      chmod +x /run/plugins/podman-machine
      ip link add out type veth peer name beyond; ip link set beyond up; ip addr add 192.0.2.7/24 dev out; ip link set out up
      ip route add default via 192.0.2.1`);
    const machine = ['--machine', '--cni-plugin-dir', '/run/plugins'];

    await host.ok(
      ...machine,
      'network',
      'create',
      '--disable-dns',
      'vm',
      '--subnet',
      '10.50.70.0/24'
    );
    await host.ok(...machine, 'up', 'web', '--network', 'vm', '-p', '8080:80');
    const log = await host.sh('cat /run/machine.log');
    await host.ok(...machine, 'down', 'web');

    expect(log.split('\n')[0]).toBe('ADD 192.0.2.7');
    expect(log).toContain('"hostPort":8080');
    expect(await host.sh('tail -n 2 /run/machine.log')).toContain('DEL none');
    await host.sh('ip route del default');
    expect(
      await host.refused(...machine, 'up', 'web', '--network', 'vm', '-p', '8080:80')
    ).toMatchObject({
      reason: expect.stringMatching(/outgoing address is not known/)
    });
  });
});
