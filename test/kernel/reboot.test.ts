import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { hostOf } from './host.fixture.ts';

const sandbox = useSandbox({ each: true });
const host = hostOf(sandbox);

/** What a boot empties: everything but files. The kernel tells another boot id from then on. */
const reboot = () =>
  host.sh(`
    for pin in $(awk '$3 == "nsfs" { print $2 }' /proc/mounts); do umount "$pin"; done
    for pid in $(pgrep -f '^mooring: ports of' || true); do kill -9 $pid; done
    for link in $(ip -br link | awk '{ print $1 }' | grep -v '^lo' | cut -d@ -f1); do
      ip link del "$link" 2>/dev/null || true
    done
    for t in iptables ip6tables; do for n in nat filter; do $t -t $n -F; $t -t $n -X; done; done
    umount /run/netns
    find /run -mindepth 1 -delete
    cat /proc/sys/kernel/random/uuid > /var/lib/mooring/history/boot_id
    mount --bind /var/lib/mooring/history/boot_id /proc/sys/kernel/random/boot_id`);

const leases = async () =>
  host.sh(String.raw`
  find /var/lib/cni -type f ! -name lock ! -name 'last_reserved_ip.*' -printf '%f\n' | sort`);

interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Pending: boolean;
  readonly Failure: { readonly code: string } | null;
}

const listed = async () => host.json<readonly Listed[]>('ps');

async function setUp(): Promise<void> {
  const subnets = ['--subnet', '10.20.0.0/24', '--subnet', 'fd00:20::/64'];
  await host.ok('network', 'create', '--disable-dns', 'front', ...subnets);
  await host.ok('up', 'web', '--network', 'front', '-p', '8080:80', '--ip', '10.20.0.9');
  await host.ok('create', 'kept', '--network', 'front');
  await host.ok('up', 'kept');
  expect(await leases()).toMatch(/^10\.20\.0\.\d+\n10\.20\.0\.9\nfd00:20::2\nfd00:20::3$/);
}

describe('after a reboot', () => {
  it('nothing is told to be up, before anybody has worked on it', async () => {
    await setUp();
    await reboot();

    expect(await listed()).toMatchObject([
      { Id: 'kept', State: 'defined', Pending: true },
      { Id: 'web', State: 'failed', Pending: true, Failure: { code: 'host.rebooted' } }
    ]);
  });

  it('recover frees every lease, v4 and v6, and every port', async () => {
    await setUp();
    await reboot();

    await host.ok('recover');

    expect(await leases()).toBe('');
    expect(await listed()).toMatchObject([
      { Id: 'kept', State: 'defined', Pending: false },
      { Id: 'web', State: 'failed', Pending: false, Failure: { code: 'host.rebooted' } }
    ]);
    expect(await host.ok('gc', '--dry-run')).toBe('');
    const other = ['up', 'other', '--network', 'front', '-p', '8080:80', '--ip', '10.20.0.9'];
    await host.ok(...other);
    await host.ok('down', 'other');
  });

  it('up works at once, and down leaves the host as a fresh boot has it', async () => {
    await setUp();
    await reboot();
    const before = await host.snapshot();

    await host.ok('up', 'web', '--network', 'front', '-p', '8080:80', '--ip', '10.20.0.9');
    await host.ok('up', 'kept');

    expect((await host.links('web'))['eth0']!.addresses).toContain('10.20.0.9/24');
    await host.ok('down', 'web', 'kept');
    expect(await leases()).toBe('');
    const after = await host.snapshot();
    for (const section of ['links and addresses', 'iptables', 'ip6tables', 'processes'] as const) {
      expect(after[section]).toEqual(before[section]);
    }
  });

  it('any command on a container settles that one', async () => {
    await setUp();
    await reboot();

    const [web] = await host.json<readonly { readonly State: { readonly Status: string } }[]>(
      'inspect',
      'web'
    );

    expect(web!.State.Status).toBe('failed');
    expect(await leases()).not.toContain('10.20.0.9');
    expect((await leases()).split('\n')).toHaveLength(2);
  });

  it('chains that are there in the new boot are not taken for those of the old one', async () => {
    await setUp();
    await reboot();
    // As podman would have left them before our first container of this boot.
    await host.sh('iptables -t nat -N CNI-HOSTPORT-DNAT');
    await host.sh('ip link add mooring1 type bridge');

    await host.ok('recover');
    await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
    await host.ok('down', 'web');

    const after = await host.snapshot();
    // Its jumps are the plugin's, and stay with a chain that was there.
    expect(after.iptables.filter((line) => / :CNI-/.test(line))).toEqual([
      '*nat :CNI-HOSTPORT-DNAT -'
    ]);
    expect(after['links and addresses'].join()).toContain('mooring1');
  });
});
