import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { ask, serve } from '../sandbox/traffic.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  // Without IPv6 nothing is sent by itself.
  await host.sh('sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1');
  for (const [name, subnet] of [
    ['front', '10.20.0.0/24'],
    ['back', '10.21.0.0/24']
  ] as const) {
    await host.ok('network', 'create', name, '--subnet', subnet);
  }
});

// Nobody listens there, and of refusals the kernel sends a few a second.
const MUCH = `
  const socket = require("dgram").createSocket("udp4");
  let left = 50;
  const send = () => socket.send(Buffer.alloc(1000), 9999, "10.21.0.2", next);
  const next = () => (--left > 0 ? send() : process.exit());
  send();`;

interface Stats {
  readonly Id: string;
  readonly NetInput: number | null;
  readonly NetOutput: number | null;
  readonly Network: Readonly<Record<string, object>> | null;
}

interface IpLink {
  readonly ifname: string;
  readonly stats64: Readonly<Record<'rx' | 'tx', Counters>>;
}

type Counters = Readonly<Record<'bytes' | 'packets' | 'errors' | 'dropped', number>>;

/** As `ip -s link` shows it from inside. */
async function inside(id: string): Promise<Stats['Network']> {
  const links = JSON.parse(await host.sh(`nsenter --net=${netnsOf(id)} ip -s -j link`)) as IpLink[];
  const named = links.filter(({ ifname }) => ifname !== 'lo');
  return Object.fromEntries(
    named.map(({ ifname, stats64: { rx, tx } }) => [
      ifname,
      {
        RxBytes: rx.bytes,
        RxPackets: rx.packets,
        RxErrors: rx.errors,
        RxDropped: rx.dropped,
        TxBytes: tx.bytes,
        TxPackets: tx.packets,
        TxErrors: tx.errors,
        TxDropped: tx.dropped
      }
    ])
  );
}

/** Statistics that were read while nothing passed in that container, and what passed until then. */
async function read(id: string, ...ids: readonly string[]) {
  for (;;) {
    const before = await inside(id);
    const stats = await host.json<Stats[]>('stats', ...ids);
    // The kernel sends reports of multicast for a while, by a timer of its own.
    if (JSON.stringify(await inside(id)) === JSON.stringify(before)) return { stats, seen: before };
  }
}

describe('stats', () => {
  it('shows every interface as the container sees it, received is received', async () => {
    await host.ok('up', 'web', '--network', 'front', '--network', 'back');
    const server = await serve(sandbox, { netns: netnsOf('web'), protocol: 'udp', port: 9 });
    await ask(sandbox, { protocol: 'udp', address: '10.20.0.2', port: 9 }, 'hello');
    await host.sh(`'${process.execPath}' -e '${MUCH}'`);

    const {
      stats: [stats],
      seen
    } = await read('web', 'web');

    expect(stats).toMatchObject({ Id: 'web', Network: seen });
    const [eth0, eth1] = ['eth0', 'eth1'].map(
      (name) => stats!.Network![name] as Record<string, number>
    );
    expect(eth1!['RxBytes']).toBeGreaterThan(50_000);
    expect(eth1!['TxBytes']).toBeLessThan(10_000);
    expect([stats!.NetInput, stats!.NetOutput]).toEqual([
      eth0!['RxBytes']! + eth1!['RxBytes']!,
      eth0!['TxBytes']! + eth1!['TxBytes']!
    ]);
    expect(await host.ok('stats', 'web')).toMatch(
      /^CONTAINER +INTERFACE +RX .*\nweb +eth0 .*\nweb +eth1 .*$/
    );
    await server.kill('SIGKILL');
    await host.ok('down', 'web');
  });

  it("shows the owner's to one that shares its netns, and none for the host and for one that is down", async () => {
    await host.ok('up', 'web', '--network', 'front');
    await host.ok('up', 'side', '--network', 'container:web');
    await host.ok('up', 'bare', '--network', 'host');
    await host.ok('create', 'later', '--network', 'front');
    await host.ok('up', 'alone', '--network', 'none');

    const { stats, seen } = await read('web', 'side', 'bare', 'later', 'alone');
    const [side, bare, later, alone] = stats;

    expect(side).toMatchObject({ Id: 'side', Network: seen });
    const none = { NetInput: null, NetOutput: null, Network: null };
    expect([bare, later]).toEqual([
      { Id: 'bare', ...none },
      { Id: 'later', ...none }
    ]);
    expect(alone).toEqual({ Id: 'alone', NetInput: 0, NetOutput: 0, Network: {} });
    await host.ok('down', '--all');
  });

  it('names what is not there and goes on', async () => {
    await host.ok('up', 'web', '--network', 'front');
    const both = await sandbox.mooring('stats', 'nothing', 'web', '--format', 'json');

    expect(both).toMatchObject({ code: 125, stderr: 'Error: no container is named nothing\n' });
    expect(JSON.parse(both.stdout)).toMatchObject([{ Id: 'web' }]);

    const taken = await host.sh(`umount ${netnsOf('web')}; rm ${netnsOf('web')}; echo taken`);
    expect(taken).toBe('taken');
    expect((await host.refused('stats', 'web')).code).toBe(125);
    await sandbox.mooring('down', 'web');
  });
});
