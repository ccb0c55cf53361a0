import { beforeAll, describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import type { Garbage } from '../../src/model/garbage.ts';
import { hostOf, netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);

beforeAll(async () => {
  await host.sh('sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  const subnets = ['--subnet', '10.20.0.0/24', '--subnet', 'fd00:20::/64'];
  await host.ok('network', 'create', '--disable-dns', 'front', ...subnets);
});

interface Kept extends Garbage {
  readonly failure: { readonly code: string };
}

const gc = (...options: readonly string[]) =>
  host.json<{ readonly removed: readonly Garbage[]; readonly kept: readonly Kept[] }>(
    'gc',
    ...options
  );

const kindsOf = (garbage: readonly Garbage[]) =>
  garbage.map(({ kind, owner }) => `${kind} ${owner}`).sort();

/** Brings a container up and loses every record of it in the store. */
async function orphan(id: string, ...options: readonly string[]): Promise<void> {
  await host.ok('up', id, '--network', 'front', ...options);
  await host.sh(`cd /var/lib/mooring/journal
    rm -f container.${id}.jsonl namespace.${id}.jsonl network.front.jsonl`);
}

const ORPHANED = [
  'files container/web',
  'lease container/web',
  'lease container/web',
  'netns namespace/web',
  'ports container/web',
  'result container/web',
  'rules container/web',
  'usage network/front'
];

describe('what a container left whose journal is lost', () => {
  it('goes: leases of both families, rules, netns, ports, files, the bridge', async () => {
    await host.unchanged(async () => {
      await orphan('web', '-p', '8080:80');

      const { removed, kept } = await gc();

      expect(kindsOf(removed)).toEqual(ORPHANED);
      expect(kept).toEqual([]);
    });
    expect(await host.ok('gc')).toBe('');
  });

  it('is listed by a dry run, which changes nothing', async () => {
    await host.unchanged(async () => {
      await orphan('web', '-p', '8080:80');
      await host.settled();
      const before = await host.snapshot();

      const { removed } = await gc('--dry-run');

      expect(kindsOf(removed)).toEqual(ORPHANED);
      expectUnchanged(before, await host.snapshot());
      expect(await gc()).toEqual({ removed, kept: [] });
    });
  });

  it('is kept in mind while a plugin that made it is missing', async () => {
    await host.unchanged(async () => {
      await orphan('web');
      await host.sh(
        'mkdir /run/plugins; cp /usr/lib/cni/host-local /usr/lib/cni/bridge /run/plugins'
      );

      const ran = await sandbox.mooring('--cni-plugin-dir', '/run/plugins', 'gc');

      expect(ran.code).toBe(125);
      expect(ran.stdout).toContain('lease /var/lib/cni/networks/front/10.20.0');
      expect(ran.stderr).toMatch(/^Error: result front web eth0 of container web: .*portmap/);
      await host.sh('rm -r /run/plugins');
      expect((await host.ok('gc')).split('\n')).toEqual([
        'result front web eth0 of container web',
        'usage network front of network front'
      ]);
    });
  });

  it('frees its address for the next one', async () => {
    await host.unchanged(async () => {
      await orphan('web', '--ip', '10.20.0.77');
      await host.ok('gc');

      await host.ok('up', 'db', '--network', 'front', '--ip', '10.20.0.77');

      await host.ok('down', 'db');
    });
  });
});

describe('what a container left that is known and down', () => {
  it('goes, and the container stays', async () => {
    await host.ok('create', 'kept', '--network', 'front');
    await host.unchanged(async () => {
      await host.ok('up', 'kept');
      await host.sh(
        'cp -r /var/lib/cni/networks/front /run/leases; cp -r /var/lib/mooring/cni /run/cni'
      );
      await host.ok('down', 'kept');
      await host.sh(`rm /run/leases/lock /run/leases/last_reserved_ip.*; cp /run/leases/* /var/lib/cni/networks/front
        cp -r /run/cni /var/lib/mooring; rm -r /run/leases /run/cni`);

      const { removed } = await gc();

      expect(kindsOf(removed)).toEqual([
        'lease container/kept',
        'lease container/kept',
        'result container/kept'
      ]);
    });
    await host.ok('rm', 'kept');
  });
});

describe('what is in use, or a neighbour’s', () => {
  it('is never touched while its container is up', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
      await host.ok('up', 'sharer', '--network', 'container:web');
      await host.settled();
      const before = await host.snapshot();

      expect(await gc()).toEqual({ removed: [], kept: [] });

      expectUnchanged(before, await host.snapshot());
      await host.ok('down', 'sharer', 'web');
    });
  });

  it('stays, whatever it is called: leases, rules and netns of others on the same network', async () => {
    await host.unchanged(async () => {
      await orphan('web', '-p', '8080:80');
      await host.sh(NEIGHBOURS);
      const neighbours = async () => host.sh(SHOW_NEIGHBOURS);
      const before = await neighbours();
      expect(before).toContain('CNI-web2');

      const { removed, kept } = await gc();

      expect(kindsOf(removed)).toEqual(ORPHANED);
      expect(kept.map(({ object, failure }) => [object, failure.code])).toEqual([
        ['/run/netns/mooring-theirs', 'gc.unproven']
      ]);
      expect(await neighbours()).toBe(before);
      await host.sh(REMOVE_NEIGHBOURS);
    });
  });

  it('stays when a neighbour goes by the same name: only what is shown to be ours goes', async () => {
    await host.unchanged(async () => {
      await orphan('web');
      await host.sh("printf 'web\\r\\neth0' > /var/lib/cni/networks/front/10.20.0.200");

      const { removed } = await gc();

      expect(removed.map(({ object }) => object)).not.toContain(
        '/var/lib/cni/networks/front/10.20.0.200'
      );
      expect(await host.sh('ls /var/lib/cni/networks/front')).toContain('10.20.0.200');
      // Its chain is the neighbour's as well: named by network and container.
      expect(await host.sh('iptables-save -t nat')).toContain('MASQUERADE');
      await host.sh(`rm /var/lib/cni/networks/front/10.20.0.200
        for t in iptables ip6tables; do for n in nat filter; do $t -t $n -F; $t -t $n -X; done; done`);
    });
  });

  it('stays while its container is being worked on', async () => {
    await host.unchanged(async () => {
      await orphan('web');
      const lock = '/var/lib/mooring/locks/container.web.lock';
      const holder = await sandbox.start([
        'flock',
        '-F',
        lock,
        'sh',
        '-c',
        'echo held; exec sleep infinity'
      ]);
      await holder.line(/held/);

      const { removed, kept } = await gc();

      expect(kindsOf(removed)).not.toContain('lease container/web');
      expect(kept.map(({ failure }) => failure.code)).toContain('gc.busy');
      await holder.kill('SIGKILL');
      await holder.done;
      await host.ok('gc');
      expect(await host.sh(`ls ${netnsOf('')}* 2>/dev/null || true`)).toBe('');
    });
  });
});

// Names and comments that begin or end like ours, a netns of a name that we could have given,
// and a lease and rules of a container of podman's, which writes the same comments.
const PODMAN = '5f2b8d7c1e9a4036';
const NEIGHBOURS = `
  cd /var/lib/cni/networks/front
  printf 'web2\\r\\neth0' > 10.20.0.201
  printf 'xweb\\r\\neth0' > fd00:20::201
  printf '${PODMAN}\\r\\neth0' > 10.20.0.203
  mkdir ../back; printf 'web\\r\\neth0' > ../back/10.30.0.2
  ip netns add mooring-theirs; ip netns add mooring
  for id in web2 xweb ${PODMAN}; do
    iptables -t nat -N CNI-$id
    iptables -t nat -A POSTROUTING -m comment --comment "name: \\"front\\" id: \\"$id\\"" -j CNI-$id
  done
  iptables -t nat -A POSTROUTING -m comment --comment 'name: "back" id: "web"' -j ACCEPT
  ip link add front7 type bridge`;
const SHOW_NEIGHBOURS = `
  cd /var/lib/cni/networks
  head front/10.20.0.20? front/fd00:20::201 back/*; ip netns list | grep -v web; ip -br link show front7
  iptables-save -t nat | grep -E 'web2|xweb|${PODMAN}|back'`;
const REMOVE_NEIGHBOURS = `
  cd /var/lib/cni/networks; rm -r back front/10.20.0.20? front/fd00:20::201
  ip netns del mooring-theirs; ip netns del mooring; ip link del front7
  iptables -t nat -F; iptables -t nat -X`;
