import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf } from './host.fixture.ts';

const CHANGE = fileURLToPath(new URL('names.fixture.mjs', import.meta.url));
// The first IPv4 address of each name, a line each.
const LOOKUP = `for name; do getent ahostsv4 "$name" | head -n 1 | cut -d ' ' -f 1; done`;
const filesOf = (id: string) => `/var/lib/mooring/files/${id}`;

describe('resolv.conf and hosts', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  const set = (text: string) => host.sh(`cat >/etc/resolv.conf <<'END'\n${text}\nEND`);
  const read = (id: string, file: string) => host.sh(`cat ${filesOf(id)}/${file}`);
  const within = (id: string, script: string) => host.ok('exec', id, '--', 'sh', '-euc', script);
  const change = (...args: readonly string[]) => sandbox.run([process.execPath, CHANGE, ...args]);

  // An `/etc` of its own, so that the machine's is left alone.
  beforeAll(async () => {
    await host.sh(`
      mkdir -p /run/etc/upper /run/etc/work
      mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
      mount -t tmpfs mooring-private /etc/cni
      mkdir -p /etc/netns/theirs
      printf '127.0.0.1 localhost\\n::1 localhost\\n127.0.1.1 www\\n' >/etc/hosts
    `);
    await set(
      'nameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver 2001:db8::53\nsearch corp.example'
    );
    await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
    const subnets = ['--subnet', '10.21.0.0/24', '--subnet', 'fd00:21::/64'];
    await host.ok('network', 'create', '--disable-dns', 'dual', ...subnets);
  });

  it('show a container its names, its host’s, and its servers, and are gone with it', async () => {
    await host.unchanged(async () => {
      await host.ok(
        'up',
        'web',
        '--network',
        'front:ip=10.20.0.9',
        '--hostname',
        'www',
        '--network-alias',
        'w1'
      );
      const [hosts, resolvConf] = [await read('web', 'hosts'), await read('web', 'resolv.conf')];
      const own = await within(
        'web',
        'hostname; for name in www web w1; do getent ahostsv4 $name; done | cut -d " " -f 1 | sort -u'
      );
      const seen = await within('web', 'cat /etc/resolv.conf /etc/hosts');
      const [view] = await host.json<{ ResolvConfPath: string; HostsPath: string }[]>(
        'inspect',
        'web'
      );
      const modes = await host.sh(`stat -c %a ${filesOf('web')} ${filesOf('web')}/*`);
      await host.ok('down', 'web');

      expect(hosts.split('\n')).toEqual([
        '127.0.0.1 localhost',
        '::1 localhost',
        '10.20.0.9\twww web w1',
        '10.20.0.1\thost.containers.internal host.docker.internal'
      ]);
      expect(resolvConf).toBe('search corp.example\nnameserver 10.0.0.53');
      expect(own).toBe('www\n10.20.0.9');
      expect(seen).toBe(`${resolvConf}\n${hosts}`);
      expect(view).toMatchObject({
        ResolvConfPath: `${filesOf('web')}/resolv.conf`,
        HostsPath: `${filesOf('web')}/hosts`
      });
      expect(modes).toBe('700\n644\n644');
    });
    expect(await host.sh(`ls /var/lib/mooring/files`)).toBe('');
  });

  it('exec changes nothing for anybody else', async () => {
    await host.ok('up', 'web', '--network', 'front', '--hostname', 'www');
    const before = await host.sh(
      'cat /etc/resolv.conf /etc/hosts; hostname; grep -c . /proc/self/mountinfo'
    );
    await within('web', 'test "$(hostname)" = www');
    const after = await host.sh(
      'cat /etc/resolv.conf /etc/hosts; hostname; grep -c . /proc/self/mountinfo'
    );
    await host.ok('down', 'web');

    expect(after).toBe(before);
  });

  it('a container without a network reaches itself by its names', async () => {
    await host.ok('up', 'alone', '--network', 'none', '--hostname', 'island');
    const own = await within('alone', 'getent hosts island alone');
    const hosts = await read('alone', 'hosts');
    const [view] = await host.json<{ ResolvConfPath: string }[]>('inspect', 'alone');
    await host.ok('down', 'alone');

    expect(own.replaceAll(/ +/g, ' ').split('\n')).toEqual([
      '127.0.0.1 island alone',
      '127.0.0.1 island alone'
    ]);
    expect(hosts).toContain('\n127.0.0.1\tisland alone');
    expect(view!.ResolvConfPath).toBe('');
  });

  it.each<[string, readonly string[], string | RegExp]>([
    [
      '--dns',
      ['--dns', '9.9.9.9', '--dns', 'fd00::53'],
      'search corp.example\nnameserver 9.9.9.9\nnameserver fd00::53'
    ],
    ['--dns-search', ['--dns-search', 'foobar.com'], 'search foobar.com\nnameserver 10.0.0.53'],
    ['--dns-search .', ['--dns-search', '.'], 'nameserver 10.0.0.53'],
    ['--dns-opt', ['--dns-opt', 'debug', '--dns-option', 'ndots:2'], /\noptions debug ndots:2$/],
    [
      'an IPv6 address',
      ['--network', 'dual'],
      /\nnameserver 10\.0\.0\.53\nnameserver 2001:db8::53$/
    ]
  ])('resolv.conf with %s', async (_, options, expected) => {
    const network = options.includes('--network') ? [] : ['--network', 'front'];
    await host.ok('up', 'web', ...network, ...options);
    const resolvConf = await read('web', 'resolv.conf');
    await host.ok('down', 'web');

    expect(resolvConf).toEqual(
      expected instanceof RegExp ? expect.stringMatching(expected) : expected
    );
  });

  it('hosts with --add-host, split at the first colon', async () => {
    const entries = ['foobar:1.1.1.1', 'foobaz:2001:db8::68', 'gate:host-gateway'];
    await host.ok(
      'up',
      'web',
      '--network',
      'front',
      ...entries.flatMap((entry) => ['--add-host', entry])
    );
    const hosts = await read('web', 'hosts');
    await host.ok('down', 'web');

    expect(hosts).toContain('\n1.1.1.1 foobar\n2001:db8::68 foobaz\n10.20.0.1 gate\n');
  });

  it('none of them on request, and then exec shows the host’s', async () => {
    await host.ok('up', 'web', '--network', 'front', '--dns', 'none', '--no-hosts');
    const same = await within('web', 'cat /etc/hosts');
    const left = await sandbox.run(['ls', filesOf('web')]);
    await host.ok('down', 'web');

    expect(same).toBe(await host.sh('cat /etc/hosts'));
    expect(left.code).not.toBe(0);
  });

  it.each<[readonly string[], string]>([
    [['--dns', 'foobar'], 'DNS server "foobar" is not an IP address'],
    [
      ['--add-host', 'foo:1.2'],
      'host entry "foo:1.2" must be NAME:ADDRESS, with an IP address or "host-gateway"'
    ],
    [
      ['--network', 'none', '--dns-search', 'a'],
      'DNS servers, search domains and options can\'t be combined with the network mode "none"'
    ],
    [
      ['--dns', 'none', '--dns', '1.1.1.1'],
      '--dns none cannot be combined with another --dns, --dns-search or --dns-opt'
    ],
    [['--no-hosts', '--add-host', 'a:1.1.1.1'], '--no-hosts and --add-host cannot be combined']
  ])('%j is refused, and nothing has changed', async (options, reason) => {
    await host.unchanged(async () => {
      expect(await host.refused('up', 'web', ...options)).toEqual({ code: 125, reason });
    });
  });

  it('follow what is connected and disconnected, in the files that are mounted', async () => {
    await host.ok('up', 'web', '--network', 'front:ip=10.20.0.9');
    const inode = await host.sh(`stat -c %i ${filesOf('web')}/hosts`);
    const connected = await change('connect', 'web', 'dual');
    const both = await read('web', 'hosts');
    const disconnected = await change('disconnect', 'web', 'front');
    const one = await read('web', 'hosts');
    const resolvConf = await read('web', 'resolv.conf');
    const inodeAfter = await host.sh(`stat -c %i ${filesOf('web')}/hosts`);
    await host.ok('down', 'web');

    expect([connected.stderr, disconnected.stderr]).toEqual(['', '']);
    expect(both).toMatch(
      /\n10\.20\.0\.9\tweb\n10\.21\.0\.\d+\tweb later\nfd00:21::[0-9a-f]+\tweb later\n/
    );
    expect(one).not.toContain('10.20.0.9');
    expect(resolvConf).toContain('nameserver 2001:db8::53');
    expect(inodeAfter).toBe(inode);
  });

  it('have the names of those that share the netns, while they do', async () => {
    const shared = ['--network', 'container:web', '--hostname', 'car'];
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front:ip=10.20.0.9');
      await host.ok('up', 'side', ...shared);
      const found = await within(
        'side',
        'getent ahostsv4 car; getent ahostsv4 side; getent hosts web'
      );
      const during = await read('web', 'hosts');
      await host.ok('network', 'connect', 'dual', 'web');
      const connected = await read('web', 'hosts');
      await host.ok('down', 'side');
      const after = await read('web', 'hosts');
      await host.ok('down', 'web');

      expect(found.match(/10\.20\.0\.9/g)).toHaveLength(7);
      expect(during).toContain('10.20.0.9\tweb\n10.20.0.9\tcar side\n');
      expect(connected).toMatch(/\n10\.21\.0\.\d+\tcar side\nfd00:21::\w+\tcar side\n/);
      expect(after).not.toMatch(/side/);
      expect(after).toContain('10.20.0.9\tweb\n');
    });
  });

  it('take the servers behind the stub of systemd-resolved, and exec follows its link', async () => {
    await host.sh(`
      mkdir -p /run/systemd/resolve
      echo 'nameserver 127.0.0.53' >/run/systemd/resolve/stub-resolv.conf
      printf 'nameserver 10.1.0.1\\nsearch up.example\\n' >/run/systemd/resolve/resolv.conf
      cp /etc/resolv.conf /etc/resolv.conf.kept
      ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
    `);
    await host.ok('up', 'web', '--network', 'front');
    const seen = await within('web', 'cat /etc/resolv.conf');
    await host.ok('down', 'web');
    const host53 = await host.sh('cat /etc/resolv.conf; mv /etc/resolv.conf.kept /etc/resolv.conf');

    expect(seen).toBe('search up.example\nnameserver 10.1.0.1');
    expect(host53).toBe('nameserver 127.0.0.53');
  });

  it('take the resolv.conf that stands for the netns', async () => {
    await host.sh(`
      mkdir -p /etc/netns/mooring-web
      echo 'nameserver 11.11.11.11' >/etc/netns/mooring-web/resolv.conf
    `);
    await host.ok('up', 'web', '--network', 'front');
    const resolvConf = await read('web', 'resolv.conf');
    await host.ok('down', 'web');

    expect(resolvConf).toBe('nameserver 11.11.11.11');
  });
});

describe.skipIf(!existsSync('/usr/lib/cni/dnsname'))('the dnsname plugin', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  const conflist = (name: string, subnet: string) => ({
    cniVersion: '0.4.0',
    name,
    plugins: [
      {
        type: 'bridge',
        bridge: `${name}0`,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] }
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'firewall', backend: '' },
      { type: 'tuning' },
      { type: 'dnsname', domainName: 'dns.podman', capabilities: { aliases: true } }
    ]
  });

  it('lets containers find each other by name and aliases, and leaves nothing behind', async () => {
    for (const [name, subnet] of [
      ['named', '10.30.0.0/24'],
      ['other', '10.31.0.0/24']
    ] as const) {
      const text = JSON.stringify(conflist(name, subnet));
      await host.sh(`mkdir -p /etc/cni/net.d; echo '${text}' >/etc/cni/net.d/${name}.conflist`);
    }
    await host.unchanged(async () => {
      const aliases = ['--network-alias', 'web1', '--network-alias', 'web2'];
      await host.ok('up', 'web', '--network', 'named:ip=10.30.0.9', ...aliases);
      await host.ok('up', 'client', '--network', 'named', '--network', 'other');
      const ask = (...names: readonly string[]) =>
        sandbox.mooring('exec', 'client', '--', 'sh', '-uc', LOOKUP, 'sh', ...names);
      const found = await ask('web', 'web1', 'web2', 'web.dns.podman');
      const conf = await host.sh(
        `cat ${filesOf('client')}/resolv.conf; grep nameserver /etc/resolv.conf || true`
      );
      await host.ok('down', 'web');
      const gone = await ask('web1.dns.podman');
      await host.ok('down', 'client');

      expect(found.stdout).toBe('10.30.0.9\n'.repeat(4));
      expect(conf).toMatch(
        /^search dns\.podman\nnameserver 10\.30\.0\.1\nnameserver 10\.31\.0\.1\n/
      );
      expect(gone.stdout).toBe('');
    });
  });
});

describe.skipIf(!existsSync('/usr/lib/podman/aardvark-dns'))('aardvark-dns', () => {
  const sandbox = useSandbox();
  const host = hostOf(sandbox);

  const servers = () => host.sh('pgrep -x aardvark-dns || true');
  const find = async (from: string, name: string) => {
    const ran = await sandbox.mooring('exec', from, '--', 'getent', 'ahostsv4', name);
    return ran.stdout.split(/\s/)[0];
  };

  beforeAll(async () => {
    for (const [name, subnet] of [
      ['served', '10.40.0.0/24'],
      ['also', '10.41.0.0/24']
    ] as const) {
      const ipam = { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] };
      const bridge = { type: 'bridge', bridge: `${name}0`, isGateway: true, ipam };
      const args = { mooring: { dns: true } };
      const text = JSON.stringify({ cniVersion: '1.0.0', name, args, plugins: [bridge] });
      await host.sh(`mkdir -p /etc/cni/net.d; echo '${text}' >/etc/cni/net.d/${name}.conflist`);
    }
  });

  it('serves the networks that ask for it, and ends with their last container', async () => {
    await host.unchanged(async () => {
      const aliases = ['--network-alias', 'web1', '--network-alias', 'web2'];
      await host.ok('up', 'web', '--network', 'served:ip=10.40.0.9', ...aliases);
      const first = await servers();
      await host.ok('up', 'client', '--network', 'served', '--network', 'also');
      await host.ok('up', 'far', '--network', 'also');
      const same = await servers();
      const found: (string | undefined)[] = [];
      for (const name of ['web', 'web1', 'web2', 'web.dns.podman']) {
        found.push(await find('client', name));
      }
      const conf = await host.sh(`cat ${filesOf('client')}/resolv.conf`);
      await host.ok('down', 'web');
      const gone = await find('client', 'web.dns.podman');
      await host.ok('down', 'client', 'far');

      expect(first).toMatch(/^\d+$/);
      expect(same).toBe(first);
      expect(found).toEqual(Array.from({ length: 4 }, () => '10.40.0.9'));
      expect(conf).toMatch(
        /^search dns\.podman\nnameserver 10\.40\.0\.1\nnameserver 10\.41\.0\.1\n/
      );
      expect(gone).toBe('');
    });
    expect(await host.sh('ls /run/mooring')).toBe('');
  });

  it.skipIf(!existsSync('/usr/sbin/dnsmasq'))(
    'asks the servers of --dns for what it does not know, and for who asked for them alone',
    async () => {
      await host.sh(`ip addr add 10.99.0.53/32 dev lo
        dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --listen-address=10.99.0.53 --bind-interfaces \\
          --address=/asked.example/192.0.2.44 --log-queries --log-facility=/run/asked.log --pid-file=/run/asked.pid
        until [ -s /run/asked.pid ]; do :; done`);
      await host.ok('up', 'web', '--network', 'served:ip=10.40.0.9');
      await host.ok('up', 'client', '--network', 'served', '--dns', '10.99.0.53');
      const conf = await host.sh(`cat ${filesOf('client')}/resolv.conf`);
      const found = [await find('client', 'web'), await find('client', 'asked.example')];
      const others = await host.sh('cat /run/mooring/names/networks/served');
      const asked = await host.sh('grep "query.*asked.example from" /run/asked.log');
      await host.ok('down', 'web', 'client');
      await host.sh('kill $(cat /run/asked.pid); ip addr del 10.99.0.53/32 dev lo');

      expect(conf).toMatch(/\nnameserver 10\.40\.0\.1\nnameserver 10\.99\.0\.53$/);
      expect(found).toEqual(['10.40.0.9', '192.0.2.44']);
      expect(asked).not.toMatch(/from 10\.40\./);
      expect(others).toMatch(/^web 10\.40\.0\.9 {2}web$/m);
    }
  );

  it('are known to a process in a user namespace of its own', async () => {
    const apart = ['unshare', '--user', '--map-root-user', '--net', 'sh', '-c'];
    const own = await sandbox.start([...apart, 'echo $$; exec sleep 1000']);
    const pid = await own.line(/^\d+$/);
    await host.ok('up', 'web', '--network', 'served:ip=10.40.0.9');
    await host.ok('up', 'guest', '--netns-pid', pid, '--network', 'served');
    const asked = await host.sh(
      `mount --bind ${filesOf('guest')}/resolv.conf /etc/resolv.conf
      nsenter -t ${pid} --user --net --preserve-credentials getent ahostsv4 web.dns.podman
      umount /etc/resolv.conf`
    );
    await host.ok('down', 'web', 'guest');
    await own.kill('SIGKILL');

    expect(asked.split(/\s/)[0]).toBe('10.40.0.9');
  });

  it('starts it again when it was killed, with all that it knew', async () => {
    await host.ok('up', 'web', '--network', 'served:ip=10.40.0.9');
    const first = await servers();
    await host.sh(`kill -KILL ${first}`);
    await host.ok('up', 'client', '--network', 'served');
    const second = await servers();
    const found = await find('client', 'web');
    await host.ok('down', 'web', 'client');

    expect(second).not.toBe(first);
    expect(found).toBe('10.40.0.9');
    expect(await servers()).toBe('');
  });

  it('many at once make one server, and end it', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    await host.unchanged(async () => {
      await Promise.all(ids.map((id) => host.ok('up', id, '--network', 'served')));
      const running = await servers();
      const found = await Promise.all(ids.map((id) => find('a', id)));
      await Promise.all(ids.map((id) => host.ok('down', id)));

      expect(running).toMatch(/^\d+$/);
      expect(new Set(found).size).toBe(ids.length);
    });
  });
});
