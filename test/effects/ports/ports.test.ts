import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { socketInodes } from '../../../src/effects/ports/holder.ts';
import type { PortMapping } from '../../../src/model/container.ts';
import { portsOverlap } from '../../../src/model/port-conflicts.ts';
import { asNobody, useSandbox } from '../../sandbox/sandbox.ts';

const FIXTURE = fileURLToPath(new URL('./ports.fixture.mjs', import.meta.url));
const host = useSandbox();

async function seen<Seen>(name: string, options: { as?: 'nobody' } = {}): Promise<Seen> {
  await host.run(['ip', 'link', 'set', 'lo', 'up']);
  const argv = [process.execPath, FIXTURE, name];
  const { code, stdout, stderr } = await host.run(options.as ? asNobody(argv) : argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Seen;
}

const claimed = { type: 'ports.claimed' };
const failed = (code: string, message: string | RegExp) => ({
  type: 'ports.claimFailed',
  failure: {
    code,
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as unknown)
  }
});

describe('ports.claim', () => {
  it('refuses what another container publishes, and replaces what its own had', async () => {
    expect(await seen('owners')).toMatchObject({
      first: claimed,
      again: claimed,
      wider: failed(
        'port.inUse',
        'host port 127.0.0.1:8070-8090/tcp is published by container web'
      ),
      other: claimed,
      replaced: claimed,
      freed: claimed,
      released: Array(2).fill({ type: 'ports.released', container: 'web' }),
      left: ['container/db']
    });
  });

  it('refuses what a process has open, and names it', async () => {
    const { pid, ...facts } = await seen<{ pid: number }>('processes');
    const inUse = (port: string) =>
      failed('port.inUse', `host port ${port} is in use by another process: node (pid ${pid})`);

    expect(facts).toMatchObject({
      tcp: inUse('8080/tcp'),
      elsewhere: claimed,
      v6: inUse('8081/tcp'),
      v4: claimed,
      udp: inUse('8082/udp'),
      range: failed('port.inUse', 'host port 8070-8090/tcp is published by container b'),
      later: failed('port.inUse', 'host port 8080/tcp is published by container b')
    });
  });

  it('refuses an address that this host does not have', async () => {
    expect(await seen('addresses')).toMatchObject([
      failed('port.badAddress', /192\.0\.2\.1 is not an address of this host/),
      failed('port.badAddress', /2001:db8::1 is not an address of this host/)
    ]);
  });

  it('chooses ports that are free, in a row for a range, and no port twice', async () => {
    const { facts, entries } = await seen<{
      facts: readonly { type: string; ports: readonly PortMapping[] }[];
      entries: number;
    }>('random');

    const ports = facts.flatMap(({ ports }) => ports);
    expect(facts).toMatchObject([claimed, claimed]);
    expect(entries).toBe(7);
    expect(ports.every(({ hostPort }) => hostPort >= 1024)).toBe(true);
    expect(ports.map(({ range }) => range)).toEqual([1, 3, 1, 1, 1, 1, 10]);
    const clashes = ports.filter((a) => ports.some((b) => a !== b && portsOverlap(a, b)));
    expect(clashes).toEqual([]);
  });

  it('looks again when somebody else was quicker', async () => {
    expect(await seen('race')).toMatchObject([
      failed('port.inUse', 'host port 8080/tcp is published by container quick'),
      claimed
    ]);
  });

  it('says that a port needs permission', async () => {
    expect(await seen('unprivileged', { as: 'nobody' })).toMatchObject(
      failed(
        'port.EACCES',
        /^host port 80\/tcp: no permission to bind a port below 1024; sysctl net\.ipv4\.ip_unprivileged_port_start=80 /
      )
    );
  });
});

describe('a claimed port', () => {
  it('is kept from every other program until it is given back', async () => {
    const inUse = 'EADDRINUSE';

    expect(await seen('kept')).toEqual({
      claimed: expect.objectContaining(claimed) as unknown,
      while: [inUse, inUse, inUse, inUse, inUse, inUse, 'free'],
      one: 1,
      v6: 'ECONNREFUSED',
      after: Array(7).fill('free'),
      left: [[], []]
    });
  });

  it('is given back however soon', async () => {
    expect(await seen('hasty')).toMatchObject({ claimed, one: 1 });
  });

  it('may be claimed for one address and for all at once', async () => {
    expect(await seen('wide')).toMatchObject([claimed, claimed]);
  });

  it('is found again, and given back, when nobody has recorded who keeps it', async () => {
    expect(await seen('lost')).toEqual({
      before: 2,
      again: expect.objectContaining(claimed) as unknown,
      two: 2,
      repeated: expect.objectContaining(claimed) as unknown,
      three: 3,
      otherRoot: expect.objectContaining(
        failed('port.inUse', 'host port 8080/tcp is published by container web of /srv/one')
      ) as unknown,
      gone: { type: 'ports.released', container: 'web.' },
      left: []
    });
  });

  it('is kept on by a claim of the same, anew when its keeper has gone, and not by one that fails', async () => {
    expect(await seen('again')).toEqual({
      facts: Array(3).fill('ports.claimed'),
      isSame: true,
      isNew: true,
      failed: expect.objectContaining({ type: 'ports.claimFailed' }) as unknown,
      held: [],
      buried: [],
      left: []
    });
  });

  it('is not kept when it could not be recorded', async () => {
    expect(await seen('meddled')).toMatchObject({
      fact: failed('none', 'the disk is full'),
      left: []
    });
  });

  it('is left open when no reservation is wanted', async () => {
    expect(await seen('unreserved')).toMatchObject({ claimed, left: [] });
  });

  it('is one of a thousand at most that are kept, and of any number that are tried', async () => {
    const large = await seen<{ open: number; rss: string }>('large');
    const thousand = await seen<{ open: number }>('thousand');

    expect(large).toMatchObject({ claimed, open: 3 + 2, left: [] });
    expect(thousand).toMatchObject({ claimed, open: 3 + 2_000, left: [] });
    expect(Number(large.rss)).toBeLessThan(4_096);
  });
});

describe('a port that a rule forwards', () => {
  it('is refused with the comment of the rule, whatever listens', async () => {
    await host.run(['sh', '-euc', RULES]);
    const front = (port: string) =>
      failed(
        'port.inUse',
        `host port ${port} is published by a firewall rule of another: dnat name: "front" id: "web"`
      );

    expect(await seen('forwarded')).toMatchObject({
      front: front('8080/tcp'),
      udp: claimed,
      elsewhere: failed(
        'port.inUse',
        'host port 127.0.0.1:8081/tcp is published by a firewall rule of another: dnat name: podman id: 0123abcd'
      ),
      address: failed('port.badAddress', /not an address of this host/),
      v6: failed('port.inUse', /host port \[::1\]:8082\/tcp .*: dnat name: "six" id: "web6"$/),
      both: claimed,
      // Only where the kernel tells of a rule for the port, of that family.
      asked: expect.arrayContaining(['iptables-save', 'ip6tables-save']) as unknown,
      free: [claimed, []],
      own: claimed,
      written: claimed,
      orphan: claimed
    });
  });
});

describe('what rules forward at most', () => {
  const dnat = (ports: string) => `-A CNI-DN-1 ${ports} -j DNAT --to-destination 10.1.1.2`;

  it.each<readonly [string, string, unknown]>([
    [
      'ports and ranges, for whatever addresses',
      `
      iptables-restore -n <<<"${table(
        dnat('-p tcp --dport 80'),
        dnat('-d 192.0.2.1/32 -p udp --dport 90:99'),
        '-A DOCKER ! -i docker0 -p tcp --dport 81 -m comment --comment "a b" -j DNAT --to 10.1.1.2:8',
        '-A CNI-DN-1 -p tcp --dport 82 -j MARK --set-xmark 0x1/0x1',
        '-A OTHER -p tcp --dport 83 -j DNAT --to-destination 10.1.1.2'
      )}"
      nft add rule ip nat CNI-DN-1 udp dport 53 dnat to 10.1.1.2:53
      nft add rule ip nat CNI-DN-1 tcp dport 5-9 tcp dport != 7 dnat to 10.1.1.2
      ip6tables -t nat -N CNI-DN-6
      ip6tables -t nat -A CNI-DN-6 -p tcp --dport 84 -j DNAT --to-destination [fd00::2]:80
      `,
      [
        ['tcp', '', 80, 1],
        ['udp', '', 90, 10],
        ['udp', '', 53, 1],
        ['tcp', '', 5, 5],
        ['tcp', '', 81, 1],
        ['tcp', '::', 84, 1]
      ]
    ],
    ['nothing where there are no rules', '', []],
    [
      'not to be told of several ports at once',
      restore('-p tcp -m multiport --dports 1,2'),
      'unknown'
    ],
    [
      'not to be told of a set',
      `${restore('-p tcp --dport 1')}
      nft add rule ip nat CNI-DN-1 tcp dport { 80, 90 } dnat to 10.1.1.2`,
      'unknown'
    ],
    ['not to be told of every port', restore('-p tcp'), 'unknown'],
    ['not to be told of a port that is left out', restore('-p tcp ! --dport 80'), 'unknown'],
    ['not to be told with legacy tables', 'iptables-legacy -t nat -N X', 'unknown']
  ])('is %s', async (_, rules, told) => {
    const { code, stderr } = await host.run(['bash', '--norc', '-ec', `${FLUSH}${rules}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const mappings = await seen<PortMapping[] | 'unknown'>('told');
    await host.run(['bash', '--norc', '-ec', FLUSH]);

    expect(
      mappings === 'unknown'
        ? mappings
        : mappings.map(({ protocol, hostIp, hostPort, range }) => [
            protocol,
            hostIp,
            hostPort,
            range
          ])
    ).toEqual(told);
  });

  function restore(ports: string): string {
    return `iptables-restore -n <<<"${table(dnat(ports))}"`;
  }

  function table(...rules: readonly string[]): string {
    const lines = ['*nat', ':CNI-DN-1 -', ':DOCKER -', ':OTHER -', ...rules, 'COMMIT'];
    return lines.join('\n').replaceAll('"', '\\"');
  }
});

const FLUSH = `nft flush ruleset
iptables-legacy -t nat -F
iptables-legacy -t nat -X
`;

// As portmap, netavark and an administrator write them.
const RULES = `
iptables -t nat -N CNI-HOSTPORT-DNAT
iptables -t nat -N CNI-DN-0123456789abcdef01234
iptables -t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: "front" id: "web"' -m multiport --dports 8080 -j CNI-DN-0123456789abcdef01234
iptables -t nat -A CNI-DN-0123456789abcdef01234 -p tcp --dport 8080 -j DNAT --to-destination 10.1.1.2:80
iptables -t nat -N CNI-DN-orphan
iptables -t nat -A CNI-DN-orphan -p tcp --dport 8085 -j DNAT --to-destination 10.1.1.2:80
iptables -t nat -N NETAVARK-HOSTPORT-DNAT
iptables -t nat -N NETAVARK-DN-1
iptables -t nat -A NETAVARK-HOSTPORT-DNAT -p tcp --dport 8081 -m comment --comment 'dnat name: podman id: 0123abcd' -j NETAVARK-DN-1
iptables -t nat -A NETAVARK-DN-1 -d 127.0.0.1 -p tcp --dport 8081 -j DNAT --to-destination 10.1.1.3:80
iptables -t nat -A PREROUTING -d 192.0.2.7 -p tcp --dport 8084 -j DNAT --to-destination 10.1.1.4:80
ip6tables -t nat -N CNI-DN-six
ip6tables -t nat -A PREROUTING -p tcp -m comment --comment 'dnat name: "six" id: "web6"' -j CNI-DN-six
ip6tables -t nat -A CNI-DN-six -p tcp --dport 8082 -j DNAT --to-destination [fd00::2]:80
`;

describe('socketInodes', () => {
  it('reads listeners of one port only', () => {
    const line = (local: string, state: string, inode: number) =>
      `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
    const table = [
      'head',
      line('0100007F:1F90', '0A', 1),
      line('0100007F:1F90', '01', 2),
      line('0100007F:1F91', '0A', 3)
    ];

    expect(socketInodes(table.join('\n'), 8080, true)).toEqual(['1']);
    expect(socketInodes(table.join('\n'), 8080, false)).toEqual(['1', '2']);
  });
});
