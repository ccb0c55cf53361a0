import { beforeAll, describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve, type Endpoint } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

// `outside` is another machine behind 192.0.2.1 and fd00:77::1, `behind` one that lies beyond us.
beforeAll(async () => {
  await host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    connect() {
      ip netns add $1; ip -n $1 link set lo up
      ip link add $1 type veth peer name eth0 netns $1
      ip addr add $2.1/24 dev $1; ip link set $1 up
      ip -n $1 addr add $2.2/24 dev eth0; ip -n $1 link set eth0 up
      ip -n $1 route add default via $2.1
    }
    connect outside 192.0.2
    connect behind 198.51.100
    ip addr add fd00:77::1/64 dev outside nodad
    ip -n outside addr add fd00:77::2/64 dev eth0 nodad
  `);
  await host.ok(
    'network',
    'create',
    '--disable-dns',
    'front',
    '--subnet',
    '10.20.0.0/24',
    '--subnet',
    'fd00:20::/64'
  );
});

const OUTSIDE = '/run/netns/outside';
const BEHIND = '/run/netns/behind';
const HOST = '192.0.2.1';

const answerOf = async (to: Endpoint & { address: string }, timeoutMs?: number) => {
  const { stdout, stderr } = await ask(sandbox, to, 'hello', timeoutMs);
  return stdout.trim() || stderr.trim();
};

const serving = async (places: readonly Endpoint[], work: () => Promise<void>) => {
  const servers = await Promise.all(places.map((place) => serve(sandbox, place)));
  await work();
  for (const server of servers) {
    await server.kill('SIGKILL');
    await server.done;
  }
};

const tcp = (port: number, address: string, netns?: string) =>
  ({ protocol: 'tcp', port, address, ...(netns !== undefined && { netns }) }) as const;
const udp = (port: number, address: string, netns?: string) =>
  ({ ...tcp(port, address, netns), protocol: 'udp' }) as const;

describe('published ports', () => {
  it('answer on the host and from other machines, and nothing listens or forwards after down', async () => {
    await host.unchanged(async () => {
      const published = [
        ...['-p', '8080:80', '-p', '127.0.0.1::80/udp', '-p', '9000-9002:9000-9002'],
        ...['-p', '[fd00:77::1]:8083:80', '-p', '8084:80/udp']
      ];
      await host.ok('up', 'web', '--network', 'front', ...published);
      const lines = (await host.ok('port', 'web')).split('\n');
      const random = await host.ok('port', 'web', '80/udp');
      await host.settled();

      const web = netnsOf('web');
      const port = Number(/^127\.0\.0\.1:(\d+)$/m.exec(random)?.[1]);
      const ways = [
        tcp(8080, '127.0.0.1'),
        tcp(8080, HOST),
        tcp(8080, HOST, OUTSIDE),
        tcp(9000, '127.0.0.1'),
        tcp(9001, HOST),
        tcp(9002, HOST, OUTSIDE),
        tcp(8083, 'fd00:77::1'),
        tcp(8083, 'fd00:77::1', OUTSIDE),
        udp(port, '127.0.0.1'),
        udp(8084, HOST, OUTSIDE)
      ];
      const servers = [80, 9000, 9001, 9002].map((number) => tcp(number, '::', web));
      const answers: string[] = [];
      await serving([...servers, udp(80, '::', web)], async () => {
        for (const way of ways) answers.push(await answerOf(way));
      });
      await host.ok('down', 'web');
      const after = await Promise.all(
        ways.filter(({ protocol }) => protocol === 'tcp').map((way) => answerOf(way))
      );

      expect(lines).toEqual([
        '80/tcp -> 0.0.0.0:8080',
        expect.stringMatching(/^80\/udp -> 127\.0\.0\.1:\d+$/),
        ...[9000, 9001, 9002].map((number) => `${number}/tcp -> 0.0.0.0:${number}`),
        '80/tcp -> [fd00:77::1]:8083',
        '80/udp -> 0.0.0.0:8084'
      ]);
      expect(answers).toEqual(ways.map(() => 'hello'));
      expect(new Set(after)).toEqual(new Set(['ECONNREFUSED']));
    });
  });

  it('show the container where a client comes from', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
      const server = await serve(sandbox, tcp(80, '::', netnsOf('web')));
      const answer = await answerOf(tcp(8080, HOST, OUTSIDE));
      const from = await server.line(/^from/);
      await server.kill('SIGKILL');
      await server.done;
      await host.ok('down', 'web');

      expect(answer).toBe('hello');
      expect(from).toBe('from ::ffff:192.0.2.2');
    });
  });

  it('on one address are not open on the others', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '127.0.0.1:8080:80');
      const answers: string[] = [];
      await serving([tcp(80, '::', netnsOf('web'))], async () => {
        answers.push(await answerOf(tcp(8080, '127.0.0.1')));
        answers.push(await answerOf(tcp(8080, HOST)), await answerOf(tcp(8080, HOST, OUTSIDE)));
      });
      await host.ok('down', 'web');

      expect(answers).toEqual(['hello', 'ECONNREFUSED', 'ECONNREFUSED']);
    });
  });
});

describe('a port that is taken', () => {
  it.each([
    ['8080:80', '8080/tcp', '8080:81'],
    ['8080:80', '127.0.0.1:8080/tcp', '127.0.0.1:8080:80'],
    ['9000-9010:9000-9010/udp', '9010-9012/udp', '9010-9012:10-12/udp']
  ])('by another container with -p %s is refused, naming it', async (first, port, second) => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', first);
      const before = await host.snapshot();
      const refusal = await host.refused('up', 'late', '--network', 'front', '-p', second);
      const known = await host.ok('ps', '--quiet');

      expect(refusal).toEqual({
        code: 125,
        reason: `host port ${port} is published by container web`
      });
      expect(known).toBe('web');
      expectUnchanged(before, await host.snapshot());
      await host.ok('down', 'web');
    });
  });

  it('by a process is refused, naming it; and another address of it can be published', async () => {
    await host.unchanged(async () => {
      const server = await serve(sandbox, tcp(8080, '127.0.0.1'));
      const refusal = await host.refused('up', 'web', '--network', 'front', '-p', '8080:80');
      await host.ok('up', 'web', '--network', 'front', '-p', `${HOST}:8080:80`);
      await host.ok('down', 'web');
      const answer = await answerOf(tcp(8080, '127.0.0.1'));
      await server.kill('SIGKILL');
      await server.done;

      expect(refusal.code).toBe(125);
      expect(refusal.reason).toMatch(
        /^host port 8080\/tcp is in use by another process: node \(pid \d+\)$/
      );
      expect(answer).toBe('hello');
    });
  });
});

describe('rules of others', () => {
  it('that are more specific keep their precedence, and traffic that passes through is let alone', async () => {
    await host.sh(
      `iptables -t nat -A PREROUTING -d ${HOST} -p tcp --dport 8080 -j DNAT --to 198.51.100.2:81`
    );
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '8080:80', '-p', '8081:80');
      const web = tcp(80, '::', netnsOf('web'));
      const foreign = await serve(sandbox, tcp(81, '0.0.0.0', BEHIND));
      const passed = await serve(sandbox, tcp(8081, '0.0.0.0', BEHIND));
      const answers: string[] = [];
      await serving([web], async () => {
        answers.push(await answerOf(tcp(8080, HOST, OUTSIDE)));
        answers.push(await answerOf(tcp(8081, '198.51.100.2', OUTSIDE)));
      });
      const seen = await Promise.all([foreign.line(/^from/), passed.line(/^from/)]);
      for (const server of [foreign, passed]) {
        await server.kill('SIGKILL');
        await server.done;
      }
      await host.ok('down', 'web');

      expect(answers).toEqual(['hello', 'hello']);
      expect(seen).toEqual(['from 192.0.2.2', 'from 192.0.2.2']);
    });
  });
});
