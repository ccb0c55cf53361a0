import { readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences, expectUnchanged } from '../sandbox/host-state.ts';
import { sandbox, useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve } from '../sandbox/traffic.ts';

const host = useSandbox();

const sh = async (script: string) => {
  const { code, stderr } = await host.run(['sh', '-euc', script]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
};

describe('a sandbox', () => {
  it('is apart from the machine', async () => {
    const { stdout } = await host.run(['readlink', '/proc/self/ns/net', '/proc/self/ns/mnt']);

    const own = ['net', 'mnt'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    expect(
      stdout
        .trim()
        .split('\n')
        .filter((ns) => own.includes(ns))
    ).toEqual([]);
  });

  it('hands on input, environment, output and exit code', async () => {
    const script = 'cat; echo "$GREETING" >&2; exit 7';

    const ran = await host.run(['sh', '-c', script], { input: 'in', env: { GREETING: 'hello' } });

    expect(ran).toEqual({ code: 7, stdout: 'in', stderr: 'hello\n' });
  });

  it('ends a program that does not end by itself', async () => {
    const ran = await host.run(['sleep', 'infinity'], { timeoutMs: 100 });

    expect(ran.code).toBeNull();
  });

  it('takes every process with it when it closes', async () => {
    const another = await sandbox();
    const sleeper = await another.start(['sleep', '1000']);
    await another.close();

    await expect(sleeper.done).resolves.toMatchObject({ stderr: '' });
  });
});

describe('a snapshot', () => {
  it('is the same twice, with traffic and cursors between', async () => {
    const before = await host.snapshot();
    const server = await serve(host, { protocol: 'tcp', port: 7000 });
    const answer = await ask(host, { protocol: 'tcp', address: '127.0.0.1', port: 7000 }, 'hello');
    await server.kill('SIGKILL');
    await server.done;
    await sh('iptables -t nat -L >/dev/null; mkdir -p /var/lib/cni/networks/front');
    await sh('echo 10.1.0.2 >/var/lib/cni/networks/front/last_reserved_ip.0');

    expect(answer).toMatchObject({ code: 0, stdout: 'hello\n' });
    expectUnchanged(before, await host.snapshot());
  });

  it.each([
    ['a link', 'links and addresses', 'ip link add leak0 type bridge', 'ip link del leak0'],
    [
      'an address',
      'links and addresses',
      'ip addr add 10.9.9.9/32 dev lo',
      'ip addr del 10.9.9.9/32 dev lo'
    ],
    [
      'a route',
      'routes',
      'ip route add blackhole 10.8.0.0/24',
      'ip route del blackhole 10.8.0.0/24'
    ],
    [
      'an iptables rule',
      'iptables',
      'iptables -t nat -A POSTROUTING -s 10.1.0.2 -j ACCEPT',
      'iptables -t nat -F'
    ],
    ['an ip6tables chain', 'ip6tables', 'ip6tables -N LEAK', 'ip6tables -X LEAK'],
    ['an nftables table', 'nftables', 'nft add table ip leak', 'nft delete table ip leak'],
    ['a netns', 'netns mounts', 'ip netns add leak', 'ip netns del leak'],
    [
      'a file in place of a netns',
      'files in /run',
      'mkdir -p /run/netns; touch /run/netns/leak',
      'rm /run/netns/leak'
    ],
    [
      'an address lease',
      'CNI files',
      'mkdir -p /var/lib/cni/networks/n; echo web >/var/lib/cni/networks/n/10.1.0.2',
      'rm /var/lib/cni/networks/n/10.1.0.2'
    ],
    [
      'a record',
      'mooring files',
      'mkdir -p /var/lib/mooring/c; touch /var/lib/mooring/c/web',
      'rm /var/lib/mooring/c/web'
    ]
  ])('shows %s that is left behind', async (_, section, leak, mend) => {
    const before = await host.snapshot();
    await sh(leak);
    const leaked = differences(before, await host.snapshot());
    await sh(mend);

    expect(leaked).toContainEqual(expect.stringMatching(new RegExp(`^${section}: \\+ `)));
    expectUnchanged(before, await host.snapshot());
  });

  it('shows a process and a listening socket that are left behind', async () => {
    const before = await host.snapshot();
    const server = await serve(host, { protocol: 'udp', port: 7001, address: '127.0.0.1' });
    const leaked = differences(before, await host.snapshot());
    await server.kill('SIGTERM');
    await server.done;

    expect(leaked).toEqual([
      expect.stringMatching(/^processes: \+ .*echo-server\.mjs udp 7001/),
      expect.stringMatching(/^listening sockets: \+ udp UNCONN 127\.0\.0\.1:7001/)
    ]);
    expectUnchanged(before, await host.snapshot());
  });
});

describe('traffic', () => {
  it('reaches a server in a netns, by tcp and udp', async () => {
    await sh('ip netns add a; ip -n a link set lo up');
    const at = { netns: '/run/netns/a', address: '127.0.0.1', port: 80 };
    const servers = await Promise.all([
      serve(host, { ...at, protocol: 'tcp' }),
      serve(host, { ...at, protocol: 'udp' })
    ]);

    const answers = [
      await ask(host, { ...at, protocol: 'tcp' }, 'hello'),
      await ask(host, { ...at, protocol: 'udp' }, 'hello')
    ];

    expect(answers.map(({ stdout }) => stdout)).toEqual(['hello\n', 'hello\n']);
    await expect(servers[0].line(/^from/)).resolves.toMatch(/127\.0\.0\.1$/);
    const outside = await ask(host, { protocol: 'tcp', address: '127.0.0.1', port: 80 }, 'hello');
    expect(outside).toMatchObject({ code: 1, stderr: 'ECONNREFUSED\n' });
    for (const server of servers) await server.kill('SIGKILL');
  });
});
