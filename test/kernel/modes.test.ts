import { beforeAll, describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { liveOf, tcp } from './live.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const live = liveOf(sandbox, host);

const inodeOf = (path: string) => host.sh(`stat -Lc %i ${path}`);
const linksAt = async (path: string) => {
  const text = await host.sh(`nsenter --net=${path} ip -j link`);
  return (JSON.parse(text) as { ifname: string }[]).map(({ ifname }) => ifname);
};
/** A process in a netns of its own. */
const apart = async () => {
  const process = await sandbox.start(['unshare', '--net', 'sh', '-c', 'echo up; exec sleep 1000']);
  await process.line(/^up$/);
  return process;
};

beforeAll(async () => {
  await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
});

describe('in the netns of a process', () => {
  it('networks are attached, and taken away again while the process goes on', async () => {
    await host.unchanged(async () => {
      const process = await apart();
      const its = `/proc/${process.pid}/ns/net`;
      const up = ['up', 'web', '--netns-pid', String(process.pid), '--network', 'front'];
      const path = await host.ok(...up, '-p', '8080:80');
      const again = await host.ok(...up, '-p', '8080:80');
      const [inodes, links] = [[await inodeOf(its), await inodeOf(path)], await linksAt(its)];
      const answers = await live.answersOf('web', 80, [tcp(8080, '127.0.0.1')]);
      await host.ok('down', 'web');
      const left = await linksAt(its);
      await process.kill('SIGKILL');
      await process.done;

      expect([path, again]).toEqual([netnsOf('web'), netnsOf('web')]);
      expect(inodes[1]).toBe(inodes[0]);
      expect(links).toEqual(['lo', 'eth0']);
      expect(answers).toEqual(['hello']);
      expect(left).toEqual(['lo']);
    });
  });

  it('they stay when the process ends, and down leaves nothing', async () => {
    await host.unchanged(async () => {
      const process = await apart();
      await host.ok('up', 'web', '--netns-pid', String(process.pid), '--network', 'front');
      await process.kill('SIGKILL');
      await process.done;
      const { eth0 } = await host.links('web');
      await host.ok('network', 'reload', 'web');
      const after = await host.links('web');
      await host.ok('down', 'web');

      expect(eth0!.addresses).toEqual([expect.stringMatching(/^10\.20\.0\./)]);
      expect(after['eth0']).toEqual(eth0);
    });
  });

  it('nothing is begun when there is no such process, or it is in that of the host', async () => {
    await host.unchanged(async () => {
      const process = await sandbox.start(['sh', '-c', 'echo up; exec sleep 1000']);
      await process.line(/^up$/);
      const { pid } = process;
      const shared = await host.refused(
        'up',
        'web',
        '--netns-pid',
        String(pid),
        '--network',
        'front'
      );
      await process.kill('SIGKILL');
      await process.done;
      const ended = await host.refused(
        'up',
        'db',
        '--netns-pid',
        String(pid),
        '--network',
        'front'
      );
      await host.ok('down', '--all');

      expect(shared.reason).toContain(`process ${pid} is in the host's network namespace`);
      expect(ended).toEqual({ code: 125, reason: `no process has the id ${pid}` });
    });
  });
});

describe('at a path', () => {
  it('a netns of somebody else is used, and stays as it was', async () => {
    await host.sh('ip netns add foreign; ip -n foreign link add own0 type bridge');
    await host.unchanged(async () => {
      const before = await live.within('/run/netns/foreign');
      const path = await host.ok('up', 'web', '--network', 'ns:/run/netns/foreign');
      const links = await host.ok('exec', 'web', '--', 'ip', '-br', 'link');
      await host.ok('down', 'web');

      expect(path).toBe('/run/netns/foreign');
      expect(links).toContain('own0');
      expect(await live.within('/run/netns/foreign')).toEqual(before);
    });
    await host.sh('ip netns del foreign');
  });

  it.each([
    ['/run/netns/none', 'stat /run/netns/none: no such file or directory'],
    ['/etc/hostname', '/etc/hostname is no network namespace'],
    ['run/x', 'network namespace path "run/x" must be absolute']
  ])('%s is refused', async (path, reason) => {
    await host.unchanged(async () => {
      const refusal = await host.refused('up', 'web', '--network', `ns:${path}`);
      await host.ok('down', '--ignore', 'web');

      expect(refusal).toEqual({ code: 125, reason });
    });
  });
});

describe('in the netns of another container', () => {
  it('it is the same one, across a restart of the other, and ends with the last', async () => {
    await host.unchanged(async () => {
      await host.ok('create', 'db', '--network', 'front:ip=10.20.0.9');
      await host.ok('start', 'db');
      const path = await host.ok('up', 'web', '--network', 'container:db');
      const inode = await inodeOf(path);
      const first = await linksAt(path);
      await host.ok('down', 'db');
      const alone = [await inodeOf(path), ...(await linksAt(path))];
      await host.ok('start', 'db');
      const again = [await inodeOf(path), ...(await linksAt(path))];
      const exec = await host.ok('exec', 'web', '--', 'ip', '-4', '-br', 'addr', 'show', 'eth0');
      await host.ok('down', 'db');
      await host.ok('down', 'web');
      const gone = await sandbox.run(['test', '-e', path]);
      await host.ok('rm', 'db');

      expect(path).toBe(netnsOf('db'));
      expect(first).toEqual(['lo', 'eth0']);
      expect(alone).toEqual([inode, 'lo']);
      expect(again).toEqual([inode, 'lo', 'eth0']);
      expect(exec).toContain('10.20.0.9/24');
      expect(gone.code).toBe(1);
    });
  });

  it('whose own is at a path, or of one that shares itself, it is that', async () => {
    await host.sh('ip netns add foreign');
    await host.unchanged(async () => {
      await host.ok('up', 'db', '--network', 'ns:/run/netns/foreign');
      const first = await host.ok('up', 'web', '--network', 'container:db');
      const second = await host.ok('up', 'app', '--network', 'container:web');
      await host.ok('down', 'db', 'web', 'app');

      expect([first, second]).toEqual(['/run/netns/foreign', '/run/netns/foreign']);
    });
    await host.sh('ip netns del foreign');
  });

  it('is refused where there is none', async () => {
    await host.unchanged(async () => {
      const unknown = await host.refused('up', 'web', '--network', 'container:nobody');
      const itself = await host.refused('up', 'web', '--network', 'container:web');
      await host.ok('create', 'db', '--network', 'front');
      const down = await host.refused('up', 'web', '--network', 'container:db');
      await host.ok('rm', 'db');
      await host.ok('down', '--ignore', 'web');

      expect(unknown).toEqual({ code: 125, reason: 'no container is named nobody' });
      expect(itself).toEqual({ code: 125, reason: "container web can't share with itself" });
      expect(down).toEqual({
        code: 125,
        reason: 'container db has no network namespace to share with web'
      });
    });
  });
});

describe('in the netns of the host', () => {
  it('nothing is made, and nothing is taken away', async () => {
    await host.unchanged(async () => {
      const before = await host.sh('ip -j addr; iptables-save | grep -v "^#"; ls /run');
      const said = await host.ok('up', 'web', '--network', 'host');
      const during = await host.sh('ip -j addr; iptables-save | grep -v "^#"; ls /run');
      const { State } = await live.inspect('web');
      await host.ok('down', 'web');

      expect(said).toBe('host');
      expect(during).toBe(before);
      expect(State.Status).toBe('up');
    });
  });
});

interface Shown {
  readonly HostConfig: { readonly NetworkMode: string };
}

describe('where networks can not be attached', () => {
  it.each([
    ['host', 'host'],
    ['none', 'none'],
    ['ns:/run/netns/foreign', 'ns'],
    ['container:db', 'container']
  ])('with --network %s, none is connected or reloaded', async (network, mode) => {
    await host.sh('ip netns add foreign');
    await host.unchanged(async () => {
      await host.ok('up', 'db', '--network', 'front');
      await host.ok('up', 'web', '--network', network);
      const refusals = [
        await host.refused('network', 'connect', 'front', 'web'),
        await host.refused('network', 'disconnect', 'front', 'web'),
        await host.refused('network', 'reload', 'web')
      ];
      const [shown] = await host.json<Shown[]>('inspect', 'web');
      await host.ok('down', 'web', 'db');

      const reason = `container web: "${mode}" is not supported: invalid network mode`;
      expect(refusals).toEqual(Array(3).fill({ code: 125, reason }));
      expect(shown!.HostConfig.NetworkMode).toBe(network);
    });
    await host.sh('ip netns del foreign');
  });

  it('ports are refused, too', async () => {
    await host.unchanged(async () => {
      const refusal = await host.refused('up', 'web', '--network', 'host', '-p', '8080:80');
      await host.ok('down', '--ignore', 'web');

      expect(refusal).toEqual({
        code: 125,
        reason: 'ports can be published only on a network, and none is given'
      });
    });
  });
});
