import { beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../sandbox/traffic.ts';
import { useUser } from '../sandbox/user.ts';
import { FAR, FAR_NETNS, NEAR, withNeighbour } from './outward.fixture.ts';
import { end, serveIn } from './traffic.fixture.ts';

const user = useUser();
beforeAll(async () => {
  await withNeighbour(user);
  await user.ok('network', 'create', 'front', '--subnet', '10.77.0.0/24', '--subnet', 'fd77::/64');
  await user.ok('network', 'create', 'back', '--subnet', '10.78.0.0/24');
});

/** Asks from the host's neighbour, a remote client. */
const fromFar = (port: number, protocol: 'tcp' | 'udp' = 'tcp', address = NEAR) =>
  ask(user.host, { netns: FAR_NETNS, protocol, address, port }, 'hello', 5000);

interface Publishing {
  readonly Handler: string;
  readonly SourceAddress: string;
}

async function publishing(id: string): Promise<readonly Publishing[]> {
  const [found] = JSON.parse(await user.ok('inspect', id)) as [
    { readonly Publishing: readonly Publishing[] }
  ];
  return found.Publishing;
}

describe('ports of containers on networks', () => {
  it('#6: go through a forwarder: TCP and UDP, both families, ranges, and never from a loopback', async () => {
    await user.unchanged(async () => {
      await user.ok(
        ...['up', 'web', '--network', 'front:ip=10.77.0.5,ip6=fd77::5'],
        ...['-p', '8080:80', '-p', '5353:53/udp', '-p', '9000-9002:9000-9002']
      );
      const servers = [
        await serveIn(user, 'web', { protocol: 'tcp', port: 80, address: '::' }),
        await serveIn(user, 'web', { protocol: 'udp', port: 53 }),
        await serveIn(user, 'web', { protocol: 'tcp', port: 9001 })
      ];
      const answers = [
        await fromFar(8080),
        await fromFar(8080, 'tcp', '2001:db8::1'),
        await fromFar(5353, 'udp'),
        await fromFar(9001),
        await ask(user.host, { protocol: 'tcp', address: '127.0.0.1', port: 8080 }, 'hello')
      ];
      const seen = await Promise.all(servers.map((server) => server.line(/^from/)));
      const shown = await publishing('web');
      for (const server of servers) await end(server);
      await user.ok('down', 'web');

      expect(answers.map(({ stdout, stderr }) => stdout + stderr)).toEqual(
        answers.map(() => 'hello\n')
      );
      // Its own side of the bridge.
      expect(seen).toEqual(['from ::ffff:10.77.0.1', 'from 10.77.0.1', 'from 10.77.0.1']);
      expect(shown).toMatchObject([
        { Handler: 'forward', SourceAddress: 'lost' },
        { Handler: 'forward', SourceAddress: 'lost' },
        { Handler: 'forward', SourceAddress: 'lost' }
      ]);
    });
  });

  it('#5: go through slirp4netns where that is asked for, and then the client’s address is seen', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'front', '-p', '8080:80@hostfwd', '-p', '8081:81');
      const server = await serveIn(user, 'web', { protocol: 'tcp', port: 80 });
      const answer = await fromFar(8080);
      const shown = await publishing('web');
      const seen = await server.line(/^from/);
      await end(server);
      await user.ok('down', 'web');

      expect(answer).toMatchObject({ stdout: 'hello\n' });
      expect(seen).toBe(`from ${FAR}`);
      expect(shown).toMatchObject([
        { Handler: 'hostfwd', SourceAddress: 'kept' },
        { Handler: 'forward', SourceAddress: 'lost' }
      ]);
    });
  });

  it('#9: stay open, and follow the container, while it is reloaded and its networks come and go', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'front', '-p', '8080:80');
      const listener = await user.sh('ss -lntpH sport = :8080');
      const server = await serveIn(user, 'web', { protocol: 'tcp', port: 80 });
      const answers = [await fromFar(8080)];
      await user.ok('network', 'reload', '--full', 'web');
      answers.push(await fromFar(8080));
      await user.ok('network', 'connect', 'back', 'web');
      await user.ok('network', 'disconnect', 'front', 'web');
      answers.push(await fromFar(8080));
      await user.ok('network', 'disconnect', 'back', 'web');
      const nowhere = await fromFar(8080);
      await user.ok('network', 'connect', 'back', 'web');
      answers.push(await fromFar(8080));
      const after = await user.sh('ss -lntpH sport = :8080');
      await end(server);
      await user.ok('down', 'web');

      expect(answers.map(({ stdout }) => stdout)).toEqual(answers.map(() => 'hello\n'));
      expect(nowhere.code).not.toBe(0);
      expect(after).toBe(listener);
    });
  });

  it('#7: are chosen, refused when another has them, and free again after down', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front', '-p', '80', '-p', '81@hostfwd');
      const ports = JSON.parse(await user.ok('port', 'one', '--format', 'json')) as {
        readonly host_port: number;
      }[];
      await user.ok('up', 'two', '--network', 'front', '-p', '8080:80');
      const refusals = [
        await user.refused('up', 'six', '--network', 'front', '-p', '8080:80'),
        await user.refused('up', 'six', '--network', 'front', '-p', '127.0.0.1:8080:80@hostfwd')
      ];
      const other = await user.host.start([process.execPath, '-e', LISTEN]);
      await other.line(/^listening$/);
      refusals.push(await user.refused('up', 'six', '--network', 'front', '-p', '7070:80'));
      refusals.push(await user.refused('up', 'six', '--network', 'front', '-p', '7070:80@hostfwd'));
      await other.kill('SIGKILL');
      await other.done;
      await user.ok('down', 'one', 'two');
      await user.ok('up', 'six', '--network', 'front', '-p', '8080:80');
      await user.ok('down', 'six');

      expect(ports.every(({ host_port }) => host_port >= 1024)).toBe(true);
      expect(refusals.slice(0, 2)).toEqual([
        'host port 8080/tcp is published by container two',
        'host port 127.0.0.1:8080/tcp is published by container two'
      ]);
      for (const refusal of refusals.slice(2)) expect(refusal).toContain('host port 7070/tcp is');
    });
  });

  it('below 1024 need a sysctl, which the refusal names with the value', async () => {
    await user.unchanged(async () => {
      for (const port of ['443:80', '443:80@hostfwd']) {
        const reason = await user.refused('up', 'web', '--network', 'front', '-p', port);
        expect(reason).toContain('host port 443/tcp');
        expect(reason).toContain('net.ipv4.ip_unprivileged_port_start=443');
      }
    });
  });
});

const HOLDERS = `pgrep -f '^[^ ]*slirp4netns' | tr '\\n' ' '`;
const ALL_OPEN = `[ "$(ss -lntH | grep -oE ':808[012] ' | sort -u | wc -l) $(pgrep -fc '^[^ ]*slirp4netns')" = '3 2' ]`;

const LISTEN = `require('net').createServer().listen(7070, () => console.log('listening'))`;

describe('ports of a container with an uplink of its own', () => {
  it.each([
    ['slirp4netns:port_handler=slirp4netns', '8080:80', `from ${FAR}`, 'slirp4netns'],
    ['slirp4netns', '8080:80', 'from 10.0.2.100', 'forward'],
    ['slirp4netns', '8080:80@hostfwd', `from ${FAR}`, 'slirp4netns'],
    ['pasta', '8080:80', `from ${FAR}`, 'pasta']
  ])('with %s and %s the server sees the client %s', async (mode, port, from, handler) => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', mode, '-p', port);
      const server = await serveIn(user, 'web', { protocol: 'tcp', port: 80 });
      const answer = await fromFar(8080);
      const seen = await server.line(/^from/);
      const [shown] = await publishing('web');
      await end(server);
      await user.ok('down', 'web');

      expect(answer).toMatchObject({ stdout: 'hello\n' });
      expect(seen).toBe(from);
      expect(shown?.Handler).toBe(handler);
    });
  });
});

describe('when what publishes them is killed', () => {
  it('#8: the same ports are published again within moments', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'one', '--network', 'front', '-p', '8080:80', '-p', '8081:80@hostfwd');
      await user.ok('up', 'two', '--network', 'slirp4netns', '-p', '8082:80@hostfwd');
      const servers = [
        await serveIn(user, 'one', { protocol: 'tcp', port: 80 }),
        await serveIn(user, 'two', { protocol: 'tcp', port: 80 })
      ];
      for (const victim of ['^[^ ]*slirp4netns', '[m]ooring-supervisor']) {
        const before = await user.sh(HOLDERS);
        await user.sh(`pkill -KILL -f '${victim}'`);
        await user.sh(
          `until ${ALL_OPEN} && [ "$(${HOLDERS})" != '${before}' ]; do sleep 0.02; done`
        );
        await user.sh(`until ${ALL_OPEN}; do sleep 0.02; done`);
        for (const port of [8080, 8081, 8082]) {
          expect(await fromFar(port)).toMatchObject({ stdout: 'hello\n' });
        }
      }
      for (const server of servers) await end(server);
      await user.ok('down', '--all');
    });
  });
});
