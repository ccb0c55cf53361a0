import { beforeAll, describe, expect, it } from 'vitest';
import { NODE } from '../sandbox/sandbox.ts';
import { ask, serve } from '../sandbox/traffic.ts';
import { ROOT, useUser } from '../sandbox/user.ts';
import { FAR, FAR_NETNS, NEAR, withNeighbour } from './outward.fixture.ts';
import { askIn, end } from './traffic.fixture.ts';

const user = useUser();
beforeAll(() => withNeighbour(user));

/** A script in a container of the user's, which must succeed. */
const within = (id: string, script: string) => user.ok('exec', id, '--', 'sh', '-euc', script);

async function inspected(id: string) {
  const [found] = JSON.parse(await user.ok('inspect', id)) as [
    {
      readonly State: { readonly Status: string; readonly Failure: { readonly Message: string } };
      readonly NetworkSettings: Readonly<Record<string, unknown>>;
      readonly HostConfig: { readonly NetworkMode: string };
    }
  ];
  return found;
}

describe('the way out of containers on networks', () => {
  it('is slirp4netns for all of them, there from the first to the last', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.ok('network', 'create', 'front', '--subnet', '10.77.0.0/24');
    await user.ok('network', 'create', 'back', '--subnet', '10.78.0.0/24');
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front');
      await user.ok('up', 'two', '--network', 'back');
      const answers = await Promise.all(
        ['one', 'two'].map((id) => askIn(user, id, { protocol: 'tcp', address: FAR, port: 80 }))
      );
      const running = await user.sh('pgrep -c slirp4netns');
      await user.ok('down', 'one');
      const after = await askIn(user, 'two', { protocol: 'tcp', address: FAR, port: 80 });
      await user.ok('down', 'two');

      expect(answers).toMatchObject([{ stdout: 'hello\n' }, { stdout: 'hello\n' }]);
      expect(await server.line(/^from/)).toBe(`from ${NEAR}`);
      expect(running).toBe('1');
      expect(after).toMatchObject({ stdout: 'hello\n' });
    });
    await end(server);
  });

  it('#12: has names: the private host asks slirp4netns first, then the host’s servers, as they are at the time', async () => {
    await user.sh(
      'cp /etc/resolv.conf /home/etc/resolv; mount --bind /home/etc/resolv /etc/resolv.conf'
    );
    await user.sh(
      'printf "search example.org\\nnameserver 127.0.0.53\\nnameserver 192.0.2.53\\n" >/etc/resolv.conf'
    );
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front');
      const inside = await user.inside('cat /etc/resolv.conf');
      const own = await user.sh(`cat ${ROOT}/files/one/resolv.conf`);
      await user.sh('printf "search example.net\\nnameserver 192.0.2.54\\n" >/etc/resolv.conf');
      await user.sh(
        `while ! grep -q 192.0.2.54 ${ROOT}/files/one/resolv.conf; do sleep 0.01; done`
      );
      const later = await user.inside('cat /etc/resolv.conf');
      await user.ok('down', 'one');

      expect(inside).toBe('search example.org\nnameserver 10.0.2.3\nnameserver 192.0.2.53');
      expect(own).toContain('nameserver 10.0.2.3\nnameserver 192.0.2.53');
      expect(later).toBe('search example.net\nnameserver 10.0.2.3\nnameserver 192.0.2.54');
    });
    await user.sh('umount /etc/resolv.conf');
  });

  it('#13: has names though port 53 is taken on the host', async () => {
    const taken = await serve(user.host, { protocol: 'udp', port: 53 });
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front:ip=10.77.0.5');
      await user.ok('up', 'other', '--network', 'front');
      const asking = `const to = new (require('dns').Resolver)();
        to.setServers(['10.77.0.1']);
        to.resolve4('one.dns.podman', (error, found) => console.log(error?.code ?? found[0]));`;
      const found = await user.ok('exec', 'other', '--', NODE, '-e', asking);
      await user.ok('down', '--all');

      expect(found).toBe('10.77.0.5');
    });
    await end(taken);
  });

  it('#11: is lost and there again within moments: the same address, and what is up stays up', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front');
      const before = await user.inside('ip -4 -br address show tap0');
      const pid = await user.sh('pgrep slirp4netns; pkill -KILL slirp4netns');
      await user.sh(
        `while [ "$(pgrep slirp4netns)" = "${pid}" ] || ! pgrep slirp4netns >/dev/null; do sleep 0.01; done`
      );
      const answer = await askIn(user, 'one', { protocol: 'tcp', address: FAR, port: 80 });

      expect(answer).toMatchObject({ stdout: 'hello\n' });
      expect(await user.inside('ip -4 -br address show tap0')).toBe(before);
      expect((await inspected('one')).State.Status).toBe('up');
      await user.ok('down', 'one');
    });
    await end(server);
  });
});

describe('network mode slirp4netns', () => {
  it('connects one container alone, with podman’s defaults', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'slirp4netns');
      const { HostConfig, NetworkSettings } = await inspected('web');
      const link = await within('web', 'ip -o link show tap0');
      const answer = await askIn(user, 'web', { protocol: 'tcp', address: FAR, port: 80 });
      await user.ok('down', 'web');

      expect(HostConfig.NetworkMode).toBe('slirp4netns');
      expect(NetworkSettings).toMatchObject({
        IPAddress: '10.0.2.100',
        IPPrefixLen: 24,
        Gateway: '10.0.2.2',
        Networks: {}
      });
      expect(link).toContain('mtu 65520');
      expect(answer).toMatchObject({ stdout: 'hello\n' });
    });
    await end(server);
  });

  it('D20: has the MTU that was asked for', async () => {
    await user.ok('up', 'web', '--network', 'slirp4netns:mtu=9000');

    expect(await within('web', 'ip -o link show tap0')).toContain('mtu 9000');
    expect(await user.ok('stats', 'web')).toMatch(/^web +tap0 /m);
    await user.ok('down', 'web');
  });

  it('D21: has another network, and reaches the host’s loopback where that is allowed', async () => {
    const server = await serve(user.host, { protocol: 'tcp', port: 7000, address: '127.0.0.1' });
    await user.ok(
      'up',
      'web',
      '--network',
      'slirp4netns:cidr=192.168.0.0/24,allow_host_loopback=true'
    );
    const address = await within('web', 'ip -4 -br address show tap0');
    const answer = await askIn(user, 'web', {
      protocol: 'tcp',
      address: '192.168.0.2',
      port: 7000
    });
    const hosts = await user.sh(`cat ${ROOT}/files/web/hosts`);
    await user.ok('down', 'web');
    await end(server);

    expect(address).toContain('192.168.0.100/24');
    expect(answer).toMatchObject({ stdout: 'hello\n' });
    expect(hosts).toContain('192.168.0.2\thost.containers.internal');
  });

  it('does not reach the host’s loopback by default, and finds the host at another address', async () => {
    const loopback = await serve(user.host, { protocol: 'tcp', port: 7000, address: '127.0.0.1' });
    const outside = await serve(user.host, { protocol: 'tcp', port: 7001, address: NEAR });
    await user.ok('up', 'web', '--network', 'slirp4netns');
    const refused = await askIn(user, 'web', { protocol: 'tcp', address: '10.0.2.2', port: 7000 });
    const answered = await askIn(user, 'web', { protocol: 'tcp', address: NEAR, port: 7001 });
    const hosts = await user.sh(`cat ${ROOT}/files/web/hosts`);
    await user.ok('down', 'web');
    await end(loopback);
    await end(outside);

    expect(refused.code).not.toBe(0);
    expect(answered).toMatchObject({ stdout: 'hello\n' });
    expect(hosts).toContain(`${NEAR}\thost.containers.internal`);
  });

  it('D18: has its IPv6 address at once, and leaves the test for duplicates as it was', async () => {
    await user.ok('up', 'web', '--network', 'slirp4netns:enable_ipv6=true');
    const address = await within('web', 'ip -6 -o address show dev tap0 scope global');
    const dad = await within(
      'web',
      'cat /proc/sys/net/ipv6/conf/all/accept_dad /proc/sys/net/ipv6/conf/default/accept_dad'
    );
    const host = await user.sh(
      'cat /proc/sys/net/ipv6/conf/all/accept_dad /proc/sys/net/ipv6/conf/default/accept_dad'
    );
    await user.ok('down', 'web');

    expect(address).toContain('fd00::');
    expect(address).not.toContain('tentative');
    expect(dad).toBe(host);
  });

  it.each([
    ['nonsense', 'unknown option for slirp4netns: "nonsense"'],
    ['color=red', 'unknown option for slirp4netns: "color=red"'],
    ['mtu=67', 'invalid mtu "67": it must be 68 to 65521'],
    ['cidr=10.0.2.0', 'invalid cidr "10.0.2.0"'],
    ['port_handler=none', 'unknown port_handler for slirp4netns: "none"']
  ])('refuses the option %s, and makes nothing of it', async (option, reason) => {
    await user.unchanged(async () => {
      expect(await user.refused('up', 'web', '--network', `slirp4netns:${option}`)).toBe(reason);
    });
  });

  it('C3: takes no networks, and a reload without need lets it run on', async () => {
    const mode = 'container web: "slirp4netns" is not supported: invalid network mode';
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'slirp4netns');
      const pid = await user.sh('pgrep slirp4netns');
      expect(await user.refused('network', 'connect', 'front', 'web')).toBe(mode);
      expect(await user.refused('network', 'disconnect', 'front', 'web')).toBe(mode);
      await user.ok('network', 'reload', 'web');
      const kept = await user.sh('pgrep slirp4netns');
      await user.ok('network', 'reload', '--full', 'web');
      const renewed = await user.sh('pgrep slirp4netns');

      expect(kept).toBe(pid);
      expect(renewed).not.toBe(pid);
      expect(await within('web', 'ip -4 -br address show tap0')).toContain('10.0.2.100/24');
      await user.ok('down', 'web');
    });
  });

  it('is put right by a reload when slirp4netns hangs', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'slirp4netns');
      const pid = await user.sh('pgrep slirp4netns; pkill -STOP slirp4netns');
      await user.ok('network', 'reload', 'web');

      expect(await user.sh('pgrep slirp4netns')).not.toBe(pid);
      await user.ok('down', 'web');
    });
  });
});

describe('network mode pasta', () => {
  it('gives the container the host’s addresses and routes', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'pasta');
      const { HostConfig, NetworkSettings } = await inspected('web');
      const answer = await askIn(user, 'web', { protocol: 'tcp', address: FAR, port: 80 });
      await user.ok('down', 'web');

      expect(HostConfig.NetworkMode).toBe('pasta');
      expect(NetworkSettings).toMatchObject({ IPAddress: NEAR, Gateway: FAR });
      expect(answer).toMatchObject({ stdout: 'hello\n' });
    });
    await end(server);
  });

  it('is there again within moments when pasta is killed', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'pasta');
      const pid = await user.sh('pgrep -f ^/usr/bin/pasta; pkill -KILL -f ^/usr/bin/pasta');
      await user.sh(
        `while [ "$(pgrep -f ^/usr/bin/pasta)" = "${pid}" ] || ! pgrep -f ^/usr/bin/pasta >/dev/null; do sleep 0.01; done`
      );
      await user.ok('network', 'reload', 'web');
      const answer = await askIn(user, 'web', { protocol: 'tcp', address: FAR, port: 80 });
      await user.ok('down', 'web');

      expect(answer).toMatchObject({ stdout: 'hello\n' });
    });
    await end(server);
  });

  it('refuses options that are Mooring’s to give, or that this build lacks', async () => {
    await user.unchanged(async () => {
      expect(await user.refused('up', 'web', '--network', 'pasta:--netns,x')).toBe(
        "option --netns of pasta is Mooring's to give"
      );
      const { stderr } = await user.mooring(
        'up',
        'web',
        '--network',
        'pasta:--map-guest-addr,1.2.3.4'
      );
      expect(stderr).toContain('--map-guest-addr not supported by this pasta');
      await user.ok('down', 'web');
    });
  });
});

describe('root', () => {
  it('has network mode slirp4netns too, with a supervisor that goes with the last', async () => {
    const server = await serve(user.host, { netns: FAR_NETNS, protocol: 'tcp', port: 80 });
    await user.unchanged(async () => {
      const { code, stderr } = await user.host.mooring('up', 'web', '--network', 'slirp4netns');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const answer = await ask(
        user.host,
        { netns: '/run/netns/mooring-web', protocol: 'tcp', address: FAR, port: 80 },
        'hello'
      );
      const pid = await user.sh('pgrep slirp4netns; pkill -KILL -f [m]ooring-supervisor');
      await user.sh(
        `while [ "$(pgrep slirp4netns)" = "${pid}" ] || ! pgrep slirp4netns >/dev/null; do sleep 0.01; done`
      );
      expect((await user.host.mooring('down', 'web')).code).toBe(0);

      expect(answer).toMatchObject({ stdout: 'hello\n' });
    });
    await end(server);
  });
});
