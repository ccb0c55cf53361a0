import { beforeAll, describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { asNobody, MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, refusalOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.ok('up', 'first');
  await host.ok('down', 'first');
});

const up = (...options: readonly string[]) => ['up', 'web', ...options];
const on = (option: string) => up('--network', `mooring:${option}`);
const create = (...options: readonly string[]) => ['network', 'create', 'x', ...options];
const NAME_RULE = 'must match [a-zA-Z0-9][a-zA-Z0-9_.-]*';
const LONG = 'x'.repeat(129);

type Row = readonly [argv: readonly string[], reason: string, code?: number];

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  ids: [
    [['up', '../x'], `container id "../x" ${NAME_RULE}`],
    [['up', ''], 'container id is empty'],
    [['up', 'a/b'], `container id "a/b" ${NAME_RULE}`],
    [['up', 'a:b'], `container id "a:b" ${NAME_RULE}`],
    [['up', 'a\nb'], `container id "a\\nb" ${NAME_RULE}`],
    [['up', '--', '-x'], `container id "-x" ${NAME_RULE}`],
    [['down', '..'], `container id ".." ${NAME_RULE}`],
    [['exec', '..', '--', 'true'], `container id ".." ${NAME_RULE}`],
    [['journal', 'export', '../x'], `container id "../x" ${NAME_RULE}`],
    [['up', LONG], `container id "${LONG.slice(0, 32)}…" is 129 characters long, the limit is 128`]
  ],
  networks: [
    [up('--network', 'nope'), 'network nope: not found in /etc/cni/net.d', 1],
    [up('--network', 'a b'), `network name "a b" ${NAME_RULE}`],
    [up('--network', '../x'), `network name "../x" ${NAME_RULE}`],
    [
      up('--network', 'mooring', '--network', 'mooring'),
      'network mooring is attached twice to one container'
    ],
    [
      up('--network', 'none', '--network', 'mooring'),
      '--network none cannot be combined with another network'
    ],
    [
      up('--network', 'pod:x'),
      'network mode "pod:x" is not the name of a network that Mooring attaches'
    ],
    [up('--network', 'container:x'), 'no container is named x'],
    [up('--network', 'container:../x'), `container id "../x" ${NAME_RULE}`],
    [up('--network', 'ns:run/x'), 'network namespace path "run/x" must be absolute'],
    [up('--network', 'host:x'), 'network mode "host:x": host takes no value'],
    [up('--netns-pid', '4194304'), 'no process has the id 4194304'],
    [up('--netns-pid', '4194305'), 'process id 4194305 must be a whole number from 1'],
    [
      on('foo=1'),
      'network "mooring:foo=1": unknown option "foo"; known are ip, ip6, mac, alias and interface_name'
    ],
    [on('ip=300.1.1.1'), '"300.1.1.1" is not an IP address'],
    [
      on('ip=10.1.1.1'),
      'network mooring: 10.1.1.1 is not an address its IPAM can give out; its ranges: 10.90.0.0/16'
    ],
    [on('mac=zz'), '"zz" is not a MAC address of six bytes'],
    [on('interface_name=lo'), 'interface name "lo" is the loopback of every container'],
    [
      on('interface_name=a/b'),
      'interface name "a/b" must be 1 to 15 bytes without "/", ":" and white space'
    ],
    [
      on('alias=a;b=c'),
      'network alias "a;b=c" must be 1 to 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends'
    ]
  ],
  ports: [
    [up('-p', '0:80'), 'host port 0 must be 1 to 65535'],
    [up('-p', '80:70000'), 'container port 70000 must be 1 to 65535'],
    [
      up('-p', '80-81:80'),
      'port mapping "80-81:80": the host range has 2 ports and the container range 1'
    ],
    [up('-p', '80:80/icmp'), 'protocol "icmp" must be tcp, udp or sctp'],
    [up('-p', '1.2.3:80:80'), 'host address "1.2.3" is not an IP address'],
    [
      up('-p', '::1:80:80'),
      'port mapping "::1:80:80": it has too many colons (an IPv6 address goes in brackets)'
    ],
    [up('-p', '80;id'), 'port mapping "80;id": container port "80;id" is not PORT or PORT-PORT'],
    [up('-p', '80:80', '-p', '80:81'), 'conflicting port mappings for host port 80 (protocol tcp)'],
    [
      up('-p', '203.0.113.1:80:80'),
      'host port 203.0.113.1:80/tcp: 203.0.113.1 is not an address of this host'
    ],
    [
      up('--network', 'none', '-p', '80:80'),
      'ports can be published only on a network, and none is given'
    ]
  ],
  'networks to create': [
    [
      create('--subnet', '10.11.12.0/17000'),
      'subnet invalid: "10.11.12.0/17000" is not a CIDR such as 10.88.0.0/16 or fd00:88::/64'
    ],
    [
      create('--subnet', '10.11.0/24'),
      'subnet invalid: "10.11.0/24" is not a CIDR such as 10.88.0.0/16 or fd00:88::/64'
    ],
    [
      create('--subnet', '10.11.12.0/24', '--gateway', '192.168.1.1'),
      'gateway 192.168.1.1 not in subnet 10.11.12.0/24'
    ],
    [
      create('--subnet', '10.90.7.0/24'),
      'network 10.90.7.0/24 is already being used by a cni configuration: mooring'
    ],
    [create('-o', 'foo=bar'), 'unsupported network option foo'],
    [create('-d', 'foo'), "driver 'foo' is not supported"],
    [['network', 'create', 'mooring'], 'the network name mooring is already used'],
    [['network', 'create', 'foo '], `network name "foo " ${NAME_RULE}`],
    [['network', 'rm', 'mooring'], 'default network mooring cannot be removed'],
    [['network', 'rm', '../../passwd'], 'no such network ../../passwd', 1]
  ],
  options: [
    [['--root', 'relative', 'ps'], 'root "relative" must be an absolute path'],
    [
      ['--store', 'sqlite:x', 'ps'],
      'store "sqlite:x" is not known: it is "embedded", or a URL of Redis'
    ],
    [['--cni-plugin-dir', 'lib', 'ps'], 'pluginDirs "lib" must be an absolute path'],
    [['frob'], "unknown command 'frob'"],
    [[], 'no command is given, see mooring --help'],
    [['down'], 'name a container, or give --all']
  ]
};

describe('bad input is refused in one line, and changes nothing:', () => {
  it.each(Object.entries(TABLES))('%s', async (_, rows) => {
    await host.unchanged(async () => {
      const refusals = [];
      for (const [argv] of rows) refusals.push(await host.refused(...argv));

      expect(refusals).toEqual(rows.map(([, reason, code = 125]) => ({ code, reason })));
    });
  });

  it('conflists', async () => {
    const plugins = (type: string) => `"plugins":[{"type":"bridge","ipam":{"type":"${type}"}}]`;
    await host.sh(`
      cd /etc/cni/net.d
      echo '{' >10-broken.conflist
      echo '{"name":"half",' >half.conflist
      echo '{"cniVersion":"1.0.0","plugins":[{"type":"bridge"}]}' >11-nameless.conflist
      echo '{"cniVersion":"1.0.0","name":"evil","plugins":[{"type":"../bin/sh"}]}' >evil.conflist
      echo '{"cniVersion":"1.0.0","name":"inner",${plugins('../../bin/sh')}}' >inner.conflist
      echo '{"cniVersion":"9.9.9","name":"future",${plugins('host-local')}}' >future.conflist
      echo '{"cniVersion":"1.0.0","name":"unknown","plugins":[{"type":"nosuch"}]}' >unknown.conflist
    `);
    await host.unchanged(async () => {
      const names = ['half', 'evil', 'inner', 'future', 'unknown', 'nope'];
      const refusals: Record<string, unknown> = {};
      for (const name of names) refusals[name] = await host.refused(...up('--network', name));
      const ls = await sandbox.mooring('network', 'ls', '-q');
      await host.ok('up', 'good');
      await host.ok('down', 'good');

      const dir = '/etc/cni/net.d';
      const because = (text: string) => ({ code: 125, reason: expect.stringContaining(text) });
      expect(refusals).toEqual({
        half: because(`network half: ${dir}/half.conflist: it is not JSON: `),
        evil: because(`${dir}/evil.conflist: plugins[0]: plugin type "../bin/sh" ${NAME_RULE}`),
        inner: because(`plugins[0].ipam: plugin type "../../bin/sh" ${NAME_RULE}`),
        future: because('network future: plugin bridge does not speak CNI 9.9.9, only 0.1.0'),
        unknown: because('network unknown: plugin nosuch: not found in '),
        nope: {
          code: 1,
          reason: expect.stringMatching(/^network nope: not found in .*10-broken.*11-nameless/)
        }
      });
      expect(ls.code).toBe(0);
      expect(ls.stdout).toBe('future\nmooring\nunknown\n');
      expect(ls.stderr.match(/^Warning: .+$/gm)).toHaveLength(5);
    });
    await host.sh('cd /etc/cni/net.d; ls | grep -v mooring | xargs rm');
  });
});

describe('a record that is damaged', () => {
  const journal = '/var/lib/mooring/journal/container.hurt.jsonl';

  it('is told by each command that needs it, hides no other, and nothing is guessed', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'hurt', '-p', '8080:80');
      await host.ok('up', 'well', '-p', '8081:80');
      await host.sh(`
        cp ${journal} /run/whole
        printf '#' | dd of=${journal} bs=1 seek=$(($(stat -c %s ${journal}) - 300)) conv=notrunc status=none
      `);
      const before = await host.snapshot();
      const ps = await sandbox.mooring('ps', '--quiet');
      const refusals = [];
      for (const verb of [['down'], ['up'], ['recover'], ['exec', '--', 'true']]) {
        const [name, ...rest] = verb;
        const argv = name === 'recover' ? [name] : [name!, 'hurt', ...rest];
        refusals.push(await host.refused(...argv));
      }
      const inspect = await sandbox.mooring('inspect', 'well', 'hurt');
      expectUnchanged(before, await host.snapshot());
      await host.ok('down', 'well');
      await host.sh(`cat /run/whole >${journal}; rm /run/whole`);
      await host.ok('down', 'hurt');

      const reason = expect.stringMatching(
        /^(hurt: )?\/var\/lib\/mooring\/journal\/container\.hurt\.jsonl line \d+: the hash does not match$/
      );
      expect(ps.stdout).toBe('well\n');
      expect(refusalOf(ps)).toEqual({ code: 125, reason });
      expect(refusals).toEqual(refusals.map(() => ({ code: 125, reason })));
      expect(inspect.code).toBe(125);
      expect(JSON.parse(inspect.stdout)).toMatchObject([{ Id: 'well' }]);
    });
  });
});

describe('who is not root', () => {
  it('is told in one line, and changes nothing', async () => {
    const nobody = (root: string, ...args: readonly string[]) =>
      sandbox.run(asNobody([process.execPath, MOORING, '--root', root, ...args]));
    await host.unchanged(async () => {
      await host.sh('mkdir -m 777 /run/nobodys');
      const rans = [
        await nobody('/run/nobodys/root', 'up', 'web'),
        await nobody('/run/nobodys/root', 'up', 'web', '--network', 'none'),
        await nobody('/run/nobodys/root', 'network', 'create', 'x'),
        await nobody('/run/nobodys/root', 'network', 'rm', 'plain'),
        await nobody('/var/lib/mooring', 'ps')
      ];
      await host.sh('rm -r /run/nobodys');

      const noRange = {
        code: 125,
        reason: expect.stringMatching(/^user nobody has no range of subordinate user ids in /)
      };
      expect(rans.map(refusalOf)).toEqual([
        ...[noRange, noRange, noRange, noRange],
        { code: 125, reason: 'store directory /var/lib/mooring belongs to user 0' }
      ]);
    });
  });
});
