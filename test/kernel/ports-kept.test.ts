import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { ask, serve, type Endpoint } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip netns add outside; ip -n outside link set lo up
    ip link add outside type veth peer name eth0 netns outside
    ip addr add 192.0.2.1/24 dev outside; ip link set outside up
    ip addr add fd00:77::1/64 dev outside nodad
    ip -n outside addr add 192.0.2.2/24 dev eth0; ip -n outside link set eth0 up
    ip -n outside addr add fd00:77::2/64 dev eth0 nodad
    ip -n outside route add default via 192.0.2.1
  `);
  const subnets = ['--subnet', '10.20.0.0/24', '--subnet', 'fd00:20::/64'];
  await host.ok('network', 'create', '--disable-dns', 'front', ...subnets);
});

const HOST = '192.0.2.1';
const HOST6 = 'fd00:77::1';
const OUTSIDE = '/run/netns/outside';

type Place = Endpoint & { readonly address: string };
const at = (protocol: 'tcp' | 'udp', port: number, address: string, netns?: string): Place => ({
  protocol,
  port,
  address,
  ...(netns !== undefined && { netns })
});

const answerOf = async (to: Place) => {
  const { stdout, stderr } = await ask(sandbox, to, 'hello');
  return stdout.trim() || stderr.trim();
};

/** Sockets of the host's own netns that programs have open on published ports. */
const listening = async () =>
  (await host.sh("ss -lntuH | awk '{ print $1, $5 }' | sort")).split('\n').filter(Boolean);

const keepers = async () => host.sh("ps -eo args= | grep '^mooring: ports of' || true");

describe('a published port', () => {
  it('is seen to be in use, cannot be taken, and reaches the container from everywhere', async () => {
    await host.unchanged(async () => {
      const publish = ['-p', '8080:80', '-p', '8080:80/udp', '-p', `[${HOST6}]:8083:80`];
      await host.ok('up', 'web', '--network', 'front', ...publish);
      await host.settled();
      const seen = await listening();
      const taken = await sandbox.run(['sh', '-c', SERVE]);
      const web = netnsOf('web');
      const servers = [
        await serve(sandbox, at('tcp', 80, '::', web)),
        await serve(sandbox, at('udp', 80, '::', web))
      ];
      const ways = [
        at('tcp', 8080, '127.0.0.1'),
        at('tcp', 8080, HOST),
        at('tcp', 8080, HOST, OUTSIDE),
        // Hairpin: the container reaches itself by the address of the host.
        at('tcp', 8080, HOST, web),
        at('tcp', 8080, HOST6, OUTSIDE),
        at('tcp', 8083, HOST6),
        at('tcp', 8083, HOST6, OUTSIDE),
        at('udp', 8080, '127.0.0.1'),
        at('udp', 8080, HOST, OUTSIDE)
      ];
      const answers: string[] = [];
      for (const way of ways) answers.push(await answerOf(way));
      for (const server of servers) {
        await server.kill('SIGKILL');
        await server.done;
      }
      await host.ok('down', 'web');

      expect(seen).toEqual([
        'tcp 0.0.0.0:8080',
        `tcp [${HOST6}]:8083`,
        'udp 0.0.0.0:8080',
        'udp [::]:8080'
      ]);
      expect(taken.stderr).toContain('EADDRINUSE');
      expect(answers).toEqual(ways.map(() => 'hello'));
    });
  });

  it('is free again at once, so that the next container has it, udp as well', async () => {
    await host.unchanged(async () => {
      for (const id of ['one', 'two', 'three']) {
        await host.ok('up', id, '--network', 'front', '-p', '8080:80', '-p', '8080:80/udp');
        const server = await serve(sandbox, at('tcp', 80, '::', netnsOf(id)));
        // Leaves the connection in TIME_WAIT on the host.
        expect(await answerOf(at('tcp', 8080, '127.0.0.1'))).toBe('hello');
        await server.kill('SIGKILL');
        await server.done;
        await host.ok('down', id);
      }
    });
  });

  it('is left open when nothing shall be reserved', async () => {
    await host.unchanged(async () => {
      await host.ok('--no-port-reservation', 'up', 'web', '--network', 'front', '-p', '8080:80');
      const seen = [await listening(), await keepers()];
      await host.ok('down', 'web');

      expect(seen).toEqual([[], '']);
    });
  });

  it('is given back when the container could not be brought up', async () => {
    await host.unchanged(async () => {
      const bad = ['--network', 'front:ip=10.20.0.9', '--network', 'back'];
      await host.ok('network', 'create', '--disable-dns', 'back', '--subnet', '10.21.0.0/24');
      await host.ok('up', 'other', '--network', 'front:ip=10.20.0.9');
      const refusal = await host.refused('up', 'web', ...bad, '-p', '8080:80', '-p', '81');
      const seen = [await listening(), await keepers()];
      await host.ok('down', 'web', 'other');
      await host.ok('network', 'rm', 'back');

      expect(refusal.code).toBe(125);
      expect(seen).toEqual([[], '']);
    });
  });

  it('outlives a kill -9 of the process that took it, and goes with the container', async () => {
    await host.unchanged(async () => {
      const { code } = await sandbox.run([process.execPath, '-e', DIES_UP]);
      const seen = [await listening(), await keepers()];
      await host.ok('down', 'web');

      expect(code).toBe(null);
      expect(seen).toEqual([['tcp 0.0.0.0:8080'], 'mooring: ports of web infinity']);
    });
  });

  it('is refused to another root, which is told whose it is', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
      const root = ['--root', '/run/other'];
      const rule = await host.refused(...root, 'up', 'late', '--network', 'front', '-p', '8080:80');
      await host.sh(
        'iptables-save >/run/rules; ip6tables-save >/run/rules6; iptables -t nat -F; ip6tables -t nat -F'
      );
      const kept = await host.refused(...root, 'up', 'late', '--network', 'front', '-p', '8080:80');
      await host.sh(
        'iptables-restore </run/rules; ip6tables-restore </run/rules6; rm -r /run/rules* /run/other'
      );
      await host.ok('down', 'web');

      expect(rule.reason).toBe(
        'host port 8080/tcp is published by a firewall rule of another: dnat name: "front" id: "web"'
      );
      expect(kept.reason).toBe(
        'host port 8080/tcp is published by container web of /var/lib/mooring'
      );
    });
  });
});

describe('many ports at once', () => {
  it('are chosen without a clash by processes that know nothing of each other', async () => {
    await host.unchanged(async () => {
      const ids = ['a', 'b', 'c', 'd'];
      await Promise.all(
        ids.map((id) =>
          host.ok('up', id, '--network', 'front', '-p', '80-84', '-p', '53/udp', '-p', '90/sctp')
        )
      );
      const lines = (await Promise.all(ids.map((id) => host.ok('port', id))))
        .join('\n')
        .split('\n');
      await host.ok('down', ...ids);

      const places = lines.map((line) => line.replace(/^\d+(\/\w+) -> (.*)$/, '$2$1'));
      expect(lines).toHaveLength(4 * 7);
      expect(new Set(places).size).toBe(places.length);
    });
  });

  it('stay a range in the records, and are each printed', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '127.0.0.1:20000-20049:30000-30049');
      const one = await host.ok('port', 'web', '30049');
      const all = await host.json<object[]>('port', 'web');
      const largest = await host.sh(
        'find /var/lib/mooring -name "*web*" -type f -size +64k -printf "%p %s"'
      );
      const words = await host.sh('grep -rhow 20010 /var/lib/mooring | wc -l');
      await host.ok('down', 'web');

      expect(one).toBe('127.0.0.1:20049');
      expect(all).toHaveLength(50);
      expect(all[1]).toEqual({
        host_ip: '127.0.0.1',
        host_port: 20001,
        container_port: 30001,
        range: 1,
        protocol: 'tcp',
        handler: 'portmap',
        source_address: 'kept'
      });
      // The result cache is in the words of libcni, which has no ranges.
      expect({ largest, words }).toEqual({ largest: '', words: '1' });
    });
  });
});

const SERVE = `'${process.execPath}' -e "require('net').createServer().listen(8080, '0.0.0.0')"`;
const INDEX = new URL('../../dist/bundle/index.js', import.meta.url).href;
const DIES_UP = `
import('${INDEX}').then(async ({ openMooring }) => {
  const mooring = await openMooring();
  const ports = [{ hostPort: 8080, containerPort: 80 }];
  await mooring.up({ id: 'web', networks: [{ name: 'front' }], ports });
  process.kill(process.pid, 'SIGKILL');
});`;
