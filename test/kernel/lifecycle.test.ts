import { describe, expect, it } from 'vitest';
import { differences, expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve, type Endpoint } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

describe('on a fresh host', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  const sysctls = () => host.sh('sysctl -ae -r "^net" 2>/dev/null | grep -v conntrack_count');

  it('up makes the default network, and down leaves nothing but its definition', async () => {
    const before = await host.snapshot();
    const path = await host.ok('up', 'web', '-p', '8080:80');
    const { eth0 } = await host.links('web');
    await host.ok('down', 'web');

    expect(path).toBe('/run/netns/mooring-web');
    expect(eth0?.addresses).toEqual([expect.stringMatching(/^10\.9[01]\.\d+\.\d+\/16$/)]);
    expect(differences(before, await host.snapshot())).toEqual([
      expect.stringMatching(/^conflists: \+ \d+ \d+ \/etc\/cni\/net\.d\/mooring\.conflist$/)
    ]);
  });

  // On another the bridge plugin turns forwarding on for a gateway, and nobody turns it off.
  it('no sysctl of a host that forwards already is changed', async () => {
    await host.sh('sysctl -qw net.ipv4.ip_forward=1');
    const before = await sysctls();
    await host.ok('up', 'web', '-p', '127.0.0.1:8080:80');
    await host.ok('down', 'web');

    expect(await sysctls()).toBe(before);
  });

  it('up of the same again prints the same path and changes nothing', async () => {
    await host.unchanged(async () => {
      const path = await host.ok('up', 'web', '-p', '8080:80');
      const first = await host.snapshot();
      const again = await host.ok('up', 'web', '-p', '8080:80/tcp', '--network', 'bridge');
      const other = await host.refused('up', 'web', '-p', '8081:80');

      expect(again).toBe(path);
      expect(other).toEqual({
        code: 125,
        reason: 'container web is up already, with another spec'
      });
      expectUnchanged(first, await host.snapshot());
      await host.ok('down', 'web');
    });
  });

  it('a container is gone after down: once more is refused, or ignored, and up works', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web');
      const first = await host.ok('down', 'web');
      const second = await host.refused('down', 'web');
      const ignored = await host.ok('down', '--ignore', 'web');
      const path = await host.ok('up', 'web', '-p', '8081:80');
      const all = await host.ok('down', '--all');

      expect([first, ignored, path, all]).toEqual(['web', '', netnsOf('web'), 'web']);
      expect(second).toEqual({ code: 125, reason: 'no container is named web' });
    });
  });

  it('exec runs a program in the network of the container and ends with its code', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'none');
      const within = await host.ok('exec', 'web', '--', 'readlink', '/proc/self/ns/net');
      const seven = await sandbox.mooring('exec', 'web', '--', 'sh', '-c', 'exit 7');
      const killed = await sandbox.mooring('exec', 'web', '--', 'sh', '-c', 'kill -KILL $$');
      const inode = await host.sh(`stat -Lc %i ${netnsOf('web')}`);
      await host.ok('down', 'web');
      const gone = await host.refused('exec', 'web', '--', 'true');

      expect(within).toBe(`net:[${inode}]`);
      expect([seven.code, killed.code]).toEqual([7, 137]);
      expect(gone).toEqual({ code: 125, reason: 'no container is named web' });
    });
  });

  it('a container without a network has the loopback only, and it is up', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'none');
      const links = await host.links('web');
      const lo = {
        netns: netnsOf('web'),
        protocol: 'tcp',
        address: '127.0.0.1',
        port: 80
      } as const;
      const server = await serve(sandbox, lo);
      const answer = await ask(sandbox, lo, 'hello');
      await server.kill('SIGKILL');
      await host.ok('down', 'web');

      expect(Object.keys(links)).toEqual(['lo']);
      expect(links['lo']?.flags).toContain('UP');
      expect(answer).toMatchObject({ code: 0, stdout: 'hello\n' });
    });
  });
});

describe('on networks', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  const conversations = async (server: Endpoint & { address: string }, client?: string) => {
    const serving = await serve(sandbox, { ...server, address: '::' });
    const { netns: _, ...to } = server;
    const answer = await ask(
      sandbox,
      client === undefined ? to : { ...to, netns: client },
      'hello'
    );
    await serving.kill('SIGKILL');
    await serving.done;
    return answer.stdout.trim() || answer.stderr.trim();
  };

  it('the host and both containers of a network reach each other, by tcp and udp', async () => {
    await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
    await host.unchanged(async () => {
      await Promise.all([
        host.ok('up', 'a', '--network', 'front:ip=10.20.0.10'),
        host.ok('up', 'b', '--network', 'front:ip=10.20.0.11')
      ]);
      const [a, b] = [netnsOf('a'), netnsOf('b')];
      const answers: string[] = [];
      for (const protocol of ['tcp', 'udp'] as const) {
        const onA = { netns: a, protocol, address: '10.20.0.10', port: 80 };
        const onHost = { protocol, address: '10.20.0.1', port: 80 };
        answers.push(await conversations(onA), await conversations(onA, b));
        answers.push(await conversations(onHost, a));
      }
      await host.ok('down', 'a', 'b');

      expect(answers).toEqual(Array.from({ length: 6 }, () => 'hello'));
    });
  });

  it('a container on two networks has eth0 and eth1 and is reached on both', async () => {
    await host.ok('network', 'create', '--disable-dns', 'back', '--subnet', '10.21.0.0/24');
    await host.unchanged(async () => {
      await Promise.all([
        host.ok('up', 'both', '--network', 'front', '--network', 'back:ip=10.21.0.9'),
        host.ok('up', 'near', '--network', 'front'),
        host.ok('up', 'far', '--network', 'back')
      ]);
      const { eth0, eth1 } = await host.links('both');
      const onFront = { netns: netnsOf('both'), protocol: 'tcp', port: 80 } as const;
      const front = eth0!.addresses[0]!.split('/')[0]!;
      const answers = [
        await conversations({ ...onFront, address: front }, netnsOf('near')),
        await conversations({ ...onFront, address: '10.21.0.9' }, netnsOf('far'))
      ];
      const [view] = await host.json<Inspected[]>('inspect', 'both');
      await host.ok('down', 'both', 'near', 'far');

      expect(front).toMatch(/^10\.20\.0\.\d+$/);
      expect(eth1?.addresses).toEqual(['10.21.0.9/24']);
      expect(answers).toEqual(['hello', 'hello']);
      expect(view!.NetworkSettings.Networks).toMatchObject({
        front: { IPAddress: front, IPPrefixLen: 24, NetworkID: expect.any(String) },
        back: { IPAddress: '10.21.0.9', IPPrefixLen: 24 }
      });
    });
  });

  it('gives both families of a network, and the address, MAC and name that were asked for', async () => {
    const subnets = ['--subnet', '10.22.0.0/24', '--subnet', 'fd00:22::/64'];
    await host.ok('network', 'create', '--disable-dns', 'dual', ...subnets);
    await host.unchanged(async () => {
      const mac = '02:00:00:00:00:09';
      const wanted = `ip=10.22.0.9,ip6=fd00:22::9,mac=${mac},interface_name=wan0`;
      await host.ok('up', 'fixed', '--network', `dual:${wanted}`);
      await host.ok('up', 'any', '--network', 'dual');
      const [fixed, any] = [await host.links('fixed'), await host.links('any')];
      await host.settled();
      const six = {
        netns: netnsOf('fixed'),
        protocol: 'tcp',
        address: 'fd00:22::9',
        port: 80
      } as const;
      const answers = [await conversations(six), await conversations(six, netnsOf('any'))];
      await host.ok('down', 'fixed', 'any');

      expect(Object.keys(fixed)).toEqual(['lo', 'wan0']);
      expect(fixed['wan0']).toMatchObject({ mac, addresses: ['10.22.0.9/24', 'fd00:22::9/64'] });
      expect(any['eth0']!.addresses).toEqual([
        expect.stringMatching(/^10\.22\.0\.\d+\/24$/),
        expect.stringMatching(/^fd00:22::[0-9a-f]+\/64$/)
      ]);
      expect(answers).toEqual(['hello', 'hello']);
    });
  });

  it('the last container of a network takes its share along while others stay up', async () => {
    await host.ok('up', 'stays', '--network', 'back', '-p', '8090:80');
    await host.unchanged(async () => {
      await host.ok('up', 'a', '--network', 'front', '-p', '8091:80');
      await host.ok('up', 'b', '--network', 'front');
      await host.ok('down', 'a');
      const bridge = await host.sh('ip -br link show type bridge');
      await host.ok('down', 'b');

      expect(bridge.split('\n')).toHaveLength(2);
    });
    await host.ok('down', 'stays');
  });
});

describe('beside others', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  it('leaves what stood before: bridge, shared chains, and neighbours that look alike', async () => {
    await host.ok(
      'network',
      'create',
      '--disable-dns',
      'front',
      '--subnet',
      '10.20.0.0/24',
      '--interface-name',
      'own0'
    );
    await host.sh(`
      ip link add own0 address 02:00:00:00:00:01 type bridge
      ip addr add 10.20.0.1/24 dev own0
      ip link add own1 type veth peer name own2
      ip link set own1 master own0
      for link in own0 own1 own2; do ip link set $link up; done
      iptables -t nat -N CNI-HOSTPORT-DNAT
      iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
      iptables -t nat -A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
      iptables -t nat -N CNI-DN-0123456789abcdef01234
      iptables -t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: "front" id: "web-2"' -m multiport --dports 99 -j CNI-DN-0123456789abcdef01234
      iptables -t nat -A POSTROUTING -s 10.20.0.77 -m comment --comment 'name: "front" id: "web2"' -j ACCEPT
      iptables -N CNI-FORWARD
      iptables -A FORWARD -m comment --comment 'CNI firewall plugin rules' -j CNI-FORWARD
      iptables -A CNI-FORWARD -s 10.20.0.77 -j ACCEPT
      ip netns add mooring-web2
      mkdir -p /var/lib/cni/networks/front
      printf 'web2\\neth0' >/var/lib/cni/networks/front/10.20.0.77
    `);
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
      await host.ok('down', 'web');
    });
  });

  it('does not take over a netns that somebody else has pinned under its name', async () => {
    await host.sh('ip netns add mooring-taken');
    await host.unchanged(async () => {
      const { code, reason } = await host.refused('up', 'taken', '--network', 'none');
      const gone = await sandbox.mooring('down', 'taken');

      expect({ code, reason }).toEqual({
        code: 125,
        reason: expect.stringContaining('/run/netns/mooring-taken exists already')
      });
      expect(gone.code).toBe(0);
    });
  });

  it('touches nothing of a netns that has been put in the place of its own', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front');
      await host.sh(`
        touch /run/kept; mount --bind ${netnsOf('web')} /run/kept
        umount ${netnsOf('web')}
        ip netns add other; ip -n other link add eth0 type bridge
        mount --bind /run/netns/other ${netnsOf('web')}
      `);
      const replaced = await host.sh('ip -n other -j addr');
      const { code, reason } = await host.refused('down', 'web');
      const exec = await host.refused('exec', 'web', '--', 'true');

      expect({ code, reason }).toEqual({
        code: 125,
        reason: `remove the netns of web: ${netnsOf('web')} is another netns by now`
      });
      expect(exec.code).toBe(125);
      expect(await host.sh('ip -n other -j addr')).toBe(replaced);
      await host.sh(`
        umount ${netnsOf('web')}; mount --bind /run/kept ${netnsOf('web')}
        umount /run/kept; rm /run/kept; ip netns del other
      `);
      await host.ok('down', 'web');
    });
  });
});

interface Inspected {
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}
