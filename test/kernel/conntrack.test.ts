import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PublishedPorts } from '../../src/effects/ports/conntrack.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { serve } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

const sandbox = useSandbox({ each: true });
const host = hostOf(sandbox);

// `outside` is another machine, for which we are 192.0.2.1 and fd00:77::1.
beforeEach(async () => {
  await host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip netns add outside; ip -n outside link set lo up
    ip link add outside type veth peer name eth0 netns outside
    ip addr add 192.0.2.1/24 dev outside; ip addr add fd00:77::1/64 dev outside nodad
    ip link set outside up; ip -n outside link set eth0 up
    ip -n outside addr add 192.0.2.2/24 dev eth0
    ip -n outside addr add fd00:77::2/64 dev eth0 nodad
  `);
});

async function flush(...ports: readonly Omit<PublishedPorts, 'protocol'>[]): Promise<number[]> {
  const asked = ports.map((one) => JSON.stringify({ protocol: 'udp', ...one }));
  const out = await host.sh(
    `'${process.execPath}' '${fixture('conntrack.fixture.mjs')}' ${asked.map((one) => `'${one}'`).join(' ')}`
  );
  return out.split('\n').map(Number);
}

/** Every tracked connection but those of ICMP: `udp 192.0.2.1 53`. */
async function connections(): Promise<string[]> {
  const list = (family: string) => `conntrack -f ${family} -L 2>/dev/null`;
  const out = await host.sh(`${list('ipv4')}; ${list('ipv6')}`);
  return out
    .split('\n')
    .flatMap((line) => {
      const [, protocol, address, port] =
        /^(udp|tcp).*? dst=(\S+) sport=\d+ dport=(\d+)/.exec(line) ?? [];
      return protocol === undefined ? [] : [`${protocol} ${address!} ${port!}`];
    })
    .sort();
}

const insert = (protocol: string, address: string, port: number) =>
  `conntrack -I -p ${protocol} -s ${address.includes(':') ? 'fd00::9' : '203.0.113.9'} -d ${address}` +
  ` --sport 1000 --dport ${port} --timeout 600 ${protocol === 'tcp' ? '--state ESTABLISHED' : ''} 2>/dev/null`;

describe('forgetting UDP connections', () => {
  it('takes those to the host port at addresses of this host, and no others', async () => {
    const all = ['192.0.2.1', '127.0.0.1', '198.51.100.9', 'fd00:77::1', 'fd00:88::1'];
    const commands = all.flatMap((address) => [
      insert('udp', address, 53),
      insert('udp', address, 54),
      insert('tcp', address, 53)
    ]);
    await host.sh(commands.join('\n'));
    const before = await connections();
    expect(before.length).toBe(15);

    expect(await flush({ hostIp: '', hostPort: 53, range: 1 })).toEqual([3]);

    const gone = ['udp 127.0.0.1 53', 'udp 192.0.2.1 53', 'udp fd00:77::1 53'];
    expect(await connections()).toEqual(before.filter((one) => !gone.includes(one)));
  });

  it('heeds the address and the family that were published, and ranges of any width', async () => {
    const ports = [6999, 7000, 7001, 7019, 7020];
    const addresses = ['192.0.2.1', '127.0.0.1', 'fd00:77::1'];
    await host.sh(
      addresses.flatMap((address) => ports.map((port) => insert('udp', address, port))).join('\n')
    );

    const counts = await flush(
      { hostIp: '127.0.0.1', hostPort: 7000, range: 2 },
      { hostIp: 'fd00:77::1', hostPort: 7000, range: 20 },
      { hostIp: '', hostPort: 7000, range: 20, family: 6 },
      { hostIp: '192.0.2.1', hostPort: 7000, range: 20 }
    );

    expect(counts).toEqual([2, 3, 0, 3]);
    expect(await connections()).toEqual(
      [
        ...['udp 127.0.0.1 6999', 'udp 127.0.0.1 7019', 'udp 127.0.0.1 7020'],
        ...['udp 192.0.2.1 6999', 'udp 192.0.2.1 7020'],
        ...['udp fd00:77::1 6999', 'udp fd00:77::1 7020']
      ].sort()
    );
  });

  it('has nothing to do where nothing is tracked', async () => {
    expect(await flush({ hostIp: '', hostPort: 53, range: 1 })).toEqual([0]);
  });

  it.each(['192.0.2.1', 'fd00:77::1'])(
    'lets a client that keeps sending to %s reach where the port leads now',
    async (address) => {
      const v6 = address.includes(':');
      const family = v6 ? 'ip6' : 'ip';
      const dnat = (port: number) =>
        `nft flush chain ${family} t pre; nft add rule ${family} t pre udp dport 5353 redirect to :${port}`;
      await host.sh(
        `nft add table ${family} t; nft 'add chain ${family} t pre { type nat hook prerouting priority -100; }'; ${dnat(5001)}`
      );
      const listening = v6 ? '::' : '0.0.0.0';
      const first = await serve(sandbox, { protocol: 'udp', address: listening, port: 5001 });
      const second = await serve(sandbox, { protocol: 'udp', address: listening, port: 5002 });
      const argv = [process.execPath, fixture('client.fixture.mjs'), address, '5353'];
      await sandbox.start(['nsenter', '--net=/run/netns/outside', ...argv]);
      await first.line(/^from /);

      await host.sh(dnat(5002));
      expect(await flush({ hostIp: '', hostPort: 5353, range: 1 })).toEqual([1]);

      await second.line(/^from /);
    }
  );
});

describe('a published UDP port', () => {
  it('leads a client that keeps sending to the container that came back with another address', async () => {
    await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
    const up = (ip: string) =>
      host.ok('up', 'web', '--network', `front:ip=${ip}`, '-p', '5353:53/udp');
    const serving = () => serve(sandbox, { netns: netnsOf('web'), protocol: 'udp', port: 53 });
    await up('10.20.0.5');
    const first = await serving();
    const argv = [process.execPath, fixture('client.fixture.mjs'), '192.0.2.1', '5353'];
    const client = await sandbox.start(['nsenter', '--net=/run/netns/outside', ...argv]);
    await first.line(/^from 192\.0\.2\.2/);

    await first.kill('SIGKILL');
    await host.ok('down', 'web');
    await up('10.20.0.9');
    const second = await serving();

    await second.line(/^from 192\.0\.2\.2/);
    await client.kill('SIGKILL');
    await second.kill('SIGKILL');
  });

  it('is remembered by the kernel no longer than it is published', async () => {
    await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
    await host.ok('up', 'web', '--network', 'front', '-p', '5353:53/udp');
    await host.ok('up', 'other', '--network', 'front', '-p', '5354:53/udp');
    await host.sh(
      [
        insert('udp', '192.0.2.1', 5353),
        insert('udp', '192.0.2.1', 5354),
        insert('udp', '198.51.100.9', 5353)
      ].join('\n')
    );

    await host.ok('down', 'web');

    expect(await connections()).toEqual(['udp 192.0.2.1 5354', 'udp 198.51.100.9 5353']);
    await host.ok('down', 'other');
  });
});
