import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../sandbox/process.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf, netnsOf, refusalOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.ok('network', 'create', '--disable-dns', 'front', '--subnet', '10.20.0.0/24');
});

const rounds = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Rules that stand twice in what was saved. */
const twice = (saved: string): readonly string[] => {
  const rules = saved.split('\n').filter((line) => line.startsWith('-A '));
  return rules.filter((rule, index) => rules.indexOf(rule) !== index);
};

/** Fails unless it ended well, or with one line. */
const expectTyped = (ran: Ran) => {
  if (ran.code === 0) expect(ran.stderr).toBe('');
  else expect(refusalOf(ran).code).toBe(125);
};

describe('processes at once', () => {
  it('that bring up the same container both print its path, and one netns is made', async () => {
    await host.unchanged(async () => {
      for (let round = 0; round < 3; round += 1) {
        const up = () => host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
        const paths = await Promise.all([up(), up(), up()]);
        const held = await host.sh('ls /run/netns; ls /var/lib/cni/networks/front | grep ^10');
        await host.ok('down', 'web');

        expect(paths).toEqual([netnsOf('web'), netnsOf('web'), netnsOf('web')]);
        expect(held).toMatch(/^mooring-web\n10\.20\.0\.\d+$/);
      }
    });
  });

  it('ten of them bring up fifty containers, each its own addresses and port, and take them down', async () => {
    await host.unchanged(async () => {
      const groups = rounds(10).map((group) => rounds(5).map((index) => `c${group * 5 + index}`));
      const all = async (verb: string) => {
        const argvs = groups.map((ids) => [process.execPath, MANY, verb, ...ids]);
        const rans = await Promise.all(argvs.map((argv) => sandbox.run(argv)));
        expect(rans).toEqual(argvs.map(() => ({ code: 0, stdout: '', stderr: '' })));
      };
      await all('up');
      const containers = await host.json<Listed[]>('ps');
      const inside = await host.sh(
        'for n in /run/netns/*; do nsenter --net=$n ip -o -4 addr; done'
      );
      const rules = await Promise.all(
        ['iptables-save', 'ip6tables-save'].map((save) => host.sh(save))
      );
      await all('down');
      const left = await host.ok('ps', '--quiet');

      const kernel = [...inside.matchAll(/eth0 +inet ([\d./]+)/g)].map(([, address]) => address);
      const known = containers.flatMap(({ Addresses }) => Addresses);
      const ports = containers.flatMap(({ Ports }) => Ports.map(({ host_port }) => host_port));
      expect(containers.map(({ State }) => State)).toEqual(groups.flat().map(() => 'up'));
      expect(new Set(kernel).size).toBe(50);
      expect(new Set(known)).toEqual(new Set(kernel));
      expect(new Set(ports).size).toBe(50);
      expect(rules.flatMap(twice)).toEqual([]);
      expect(left).toBe('');
    });
  });

  it('that bring up and take down one container end well or refuse, and nothing is left', async () => {
    await host.unchanged(async () => {
      for (const round of rounds(20)) {
        // Either may find the other at work, or come after it.
        if (round % 2 === 1) await host.ok('up', 'web', '--network', 'front');
        const ends = await Promise.all([
          sandbox.mooring('up', 'web', '--network', 'front'),
          sandbox.mooring('down', 'web')
        ]);
        ends.forEach(expectTyped);
        await host.ok('down', '--ignore', 'web');
      }
    });
  });

  it('that remove a network and bring up a container on it never both succeed', async () => {
    await host.unchanged(async () => {
      for (let round = 0; round < 8; round += 1) {
        await host.ok('network', 'create', '--disable-dns', 'brief', '--subnet', '10.21.0.0/24');
        const [up, rm] = await Promise.all([
          sandbox.mooring('up', 'web', '--network', 'brief'),
          sandbox.mooring('network', 'rm', 'brief')
        ]);
        const outcome = `${String(up.code)} ${String(rm.code)}`;
        // A network that goes while it is being held leaves a failed container, with the reason.
        await host.ok('down', '--ignore', 'web');
        if (rm.code !== 0) await host.ok('network', 'rm', 'brief');

        expect(['0 2', '1 0']).toContain(outcome);
        if (rm.code === 2) expect(rm.stderr).toBe(IN_USE);
        else expect(refusalOf(up).reason).toMatch(/^network brief: not found in /);
      }
    });
  });
});

const IN_USE = 'Error: "brief" has associated containers with it: web\n';
const MANY = fileURLToPath(new URL('many.fixture.mjs', import.meta.url));

interface Listed {
  readonly State: string;
  readonly Addresses: readonly string[];
  readonly Ports: readonly { readonly host_port: number }[];
}
