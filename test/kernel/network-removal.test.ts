import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf } from './host.fixture.ts';

const sandbox = useSandbox({ each: true });
const host = hostOf(sandbox);

const LEASES = '/var/lib/cni/networks';
const names = async () => (await host.ok('network', 'ls', '-q')).split('\n').filter(Boolean);

describe('network rm', () => {
  it('refuses while a container that was only created is to have the network', async () => {
    await host.unchanged(async () => {
      await host.ok('network', 'create', 'front');
      await host.ok('create', 'later', '--network', 'front');
      const refusal = await host.refused('network', 'rm', 'front');
      await host.ok('rm', 'later');
      await host.ok('network', 'rm', 'front');

      expect(refusal).toEqual({
        code: 2,
        reason: '"front" has associated containers with it: later'
      });
    });
  });

  it('-f takes the containers that use it down, and created ones off it', async () => {
    await host.unchanged(async () => {
      for (const name of ['front', 'back']) await host.ok('network', 'create', name);
      await host.ok('up', 'web', '--network', 'front', '--network', 'back');
      await host.ok('up', 'db', '--network', 'back');
      await host.ok('create', 'later', '--network', 'front', '--network', 'back');
      const removed = await host.ok('network', 'rm', '-f', 'front');
      const listed = await host.json<{ Id: string; State: string }[]>('ps');
      const [later] = await host.json<Container[]>('inspect', 'later');
      await host.ok('network', 'rm', '--force', 'back');
      const left = await names();
      await host.ok('rm', 'later');

      expect(removed).toBe('front');
      expect(JSON.stringify(listed)).not.toContain('web');
      expect(JSON.stringify(listed)).toContain('db');
      expect(Object.keys(later!.NetworkSettings.Networks)).toEqual(['back']);
      expect(left).not.toContain('back');
    });
  });

  it('goes on past those that are unknown or used, and ends with the gravest code', async () => {
    await host.unchanged(async () => {
      for (const name of ['a', 'b']) await host.ok('network', 'create', name);
      await host.ok('up', 'web', '--network', 'a');
      const ran = await sandbox.mooring('network', 'rm', 'bogus', 'a', 'b');
      await host.ok('down', 'web');
      await host.ok('network', 'rm', 'a');

      expect(ran).toEqual({
        code: 2,
        stdout: 'b\n',
        stderr:
          'Error: no such network bogus\n' + 'Error: "a" has associated containers with it: web\n'
      });
    });
  });

  it('takes what host-local kept of its addresses, unless one is leased to somebody else', async () => {
    for (const name of ['mine', 'theirs']) {
      await host.ok('network', 'create', name);
      await host.ok('up', 'web', '--network', name);
      await host.ok('down', 'web');
    }
    const before = await host.sh(`ls ${LEASES}`);
    await host.sh(`printf 'other\\r\\neth0' >${LEASES}/theirs/10.99.0.9`);
    await host.ok('network', 'rm', 'mine', 'theirs');
    const after = await host.sh(`ls ${LEASES}; cat ${LEASES}/theirs/10.99.0.9`);
    await host.sh(`rm -r ${LEASES}/theirs`);

    expect(before).toBe('mine\ntheirs');
    expect(after).toBe('theirs\nother\r\neth0');
  });

  it('refuses while interfaces of others are on its bridge, and says whose', async () => {
    await host.unchanged(async () => {
      await host.ok('network', 'create', 'shared', '--interface-name', 'shared0');
      await host.sh(`
        ip link add shared0 type bridge
        ip netns add theirs
        ip link add port0 type veth peer name eth0 netns theirs
        ip link set port0 master shared0
        ip link add port1 type veth peer name peer1
        ip link set port1 master shared0`);
      const refusals = [
        await host.refused('network', 'rm', 'shared'),
        await host.refused('network', 'rm', '-f', 'shared')
      ];
      const kept = await host.sh('ip link show master shared0 | grep -c port');
      await host.sh(
        'ip link del port1; ip netns del theirs; ip link del port0 2>/dev/null || true'
      );
      await host.ok('network', 'rm', 'shared');
      await host.sh('ip link del shared0');

      const reason =
        '"shared" has interfaces of others on its bridge shared0: port0 (netns theirs), port1';
      expect(refusals).toEqual([
        { code: 2, reason },
        { code: 2, reason }
      ]);
      expect(kept).toBe('2');
    });
  });
});

describe('network prune', () => {
  it('removes what nobody uses, and neither the default network nor files of others', async () => {
    await host.unchanged(async () => {
      await host.ok('up', 'std');
      await host.ok('down', 'std');
      const hand = '{"cniVersion":"0.4.0","name":"hand","plugins":[{"type":"ptp"}]}';
      await host.sh(`echo '${hand}' >/etc/cni/net.d/87-hand.conflist`);
      for (const name of ['b', 'a', 'used', 'planned']) await host.ok('network', 'create', name);
      await host.ok('up', 'web', '--network', 'used');
      await host.ok('create', 'later', '--network', 'planned');
      const pruned = await host.ok('network', 'prune');
      const left = await names();
      await host.ok('down', 'web');
      await host.ok('rm', 'later');
      const rest = await host.ok('network', 'prune', '-f');
      await host.sh('rm /etc/cni/net.d/87-hand.conflist /etc/cni/net.d/mooring.conflist');

      expect(pruned).toBe('a\nb');
      expect(left).toEqual(['hand', 'mooring', 'planned', 'used']);
      expect(rest).toBe('planned\nused');
    });
  });

  it('keeps what a filter leaves out', async () => {
    await host.unchanged(async () => {
      await host.ok('network', 'create', 'kept', '--label', 'keep');
      await host.ok('network', 'create', 'v1', '--label', 'app=1');
      await host.ok('network', 'create', 'v2', '--label', 'app=2');
      const prune = (...filters: string[]) =>
        host.ok('network', 'prune', ...filters.flatMap((filter) => ['--filter', filter]));
      const before1970 = await prune('until=50');
      const longAgo = await prune('until=10h');
      const labelled = await prune('label=app=1', 'label!=keep');
      const without = await prune('label!=keep');
      const unknown = await host.refused('network', 'prune', '--filter', 'name=kept');
      const until = await host.refused('network', 'prune', '--filter', 'until=soon');
      const rest = await prune('until=5000000000000');

      expect([before1970, longAgo, labelled, without, rest]).toEqual(['', '', 'v1', 'v2', 'kept']);
      expect(unknown).toEqual({ code: 125, reason: 'invalid filter "name"' });
      expect(until.reason).toContain('filter until=soon');
    });
  });
});

interface Container {
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}
