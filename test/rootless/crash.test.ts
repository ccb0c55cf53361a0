import { describe, expect, it } from 'vitest';
import { ROOT, useUser } from '../sandbox/user.ts';

const user = useUser();

interface Keepers {
  readonly guard: { readonly pid: number };
  readonly supervisor: { readonly pid: number };
}

async function keepers(): Promise<Keepers> {
  return JSON.parse(await user.sh(`cat ${ROOT}/supervisor.lock`)) as Keepers;
}

/** Kills processes and waits until the lock file names others that live. */
async function killed(...names: readonly (keyof Keepers)[]): Promise<Keepers> {
  const before = await keepers();
  await user.sh(`kill -KILL ${names.map((name) => before[name].pid).join(' ')}`);
  for (;;) {
    const after = await keepers().catch(() => before);
    if (names.every((name) => after[name].pid !== before[name].pid)) return after;
  }
}

describe('when it is killed', () => {
  it('the supervisor is started again by the guard, and all is as it was', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'none');
      const before = await keepers();
      const after = await killed('supervisor');
      const seen = await user.ok('exec', 'web', '--', 'echo', 'in the same netns');

      expect(after.guard).toEqual(before.guard);
      expect(seen).toBe('in the same netns');
      expect(await user.ok('ps', '--quiet')).toBe('web');
      await user.ok('down', 'web');
    });
  });

  it('the guard is followed by another, which does the same', async () => {
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'none');
      const { supervisor } = await keepers();
      const first = await killed('guard');
      const second = await killed('guard');
      const third = await killed('supervisor');

      expect(first.supervisor).toEqual(supervisor);
      expect(third.guard).toEqual(second.guard);
      await user.ok('exec', 'web', '--', 'true');
      await user.ok('down', 'web');
    });
  });

  it('the guard with the supervisor, what is up is lost, said so, and brought up or down by the next command', async () => {
    await user.ok('network', 'create', 'front');
    await user.unchanged(async () => {
      await user.ok('up', 'web', '--network', 'front');
      await user.ok('up', 'other', '--network', 'front');
      const { guard, supervisor } = await keepers();
      // One that runs would start the other again.
      await user.sh(
        `kill -STOP ${guard.pid}; kill -KILL ${supervisor.pid}; kill -KILL ${guard.pid}`
      );
      const left = await user.sh('pgrep -a dnsmasq || true');
      const states = JSON.parse(await user.ok('ps', '--format', 'json')) as { State: string }[];
      await user.ok('up', 'web', '--network', 'front');
      const running = await user.sh('pgrep -c dnsmasq');

      expect(left).toContain('dnsmasq');
      expect(states.map(({ State }) => State)).toEqual(['failed', 'failed']);
      expect(running).toBe('1');
      await user.ok('down', '--all');
    });
  });

  it('a command while it makes the private host, the next one makes it', async () => {
    await user.unchanged(async () => {
      for (const afterMs of [100, 200, 320]) {
        const argv = user.command('up', 'web', '--network', 'none');
        const command = await user.start([
          'sh',
          '-c',
          '"$@" & sleep "$0"; kill -KILL $!',
          String(afterMs / 1000),
          ...argv
        ]);
        await command.done;
        await user.ok('up', 'web', '--network', 'none');
        expect(await user.ok('ps', '--quiet')).toBe('web');
        await user.ok('down', 'web');
      }
    });
  });

  it('everything of the user’s, at any time, the next command converges', async () => {
    await user.unchanged(async () => {
      for (const afterMs of [200, 450]) {
        const command = await user.start(user.command('up', 'web', '--network', 'front'));
        await user.sh(`sleep ${afterMs / 1000}; pkill -KILL -u 4242 || true`);
        await command.done;
        await user.ok('down', '--ignore', 'web');
      }
    });
  });
});

/** In place of the program, one that starts only when a file has gone. */
const SLOW = `
cp /usr/bin/slirp4netns /home/real
cat >/home/slirp4netns <<'END'
#!/bin/sh
case "$*" in *tap0*) while [ -e /home/slow ]; do sleep 0.02; done ;; esac
exec /home/real "$@"
END
chmod 755 /home/slirp4netns; mount --bind /home/slirp4netns /usr/bin/slirp4netns; touch /home/slow`;
const BUILDING = `until pgrep -f '^/bin/sh /usr/bin/slirp4netns .*tap0' >/dev/null; do sleep 0.02; done`;
// One that has waited still starts it.
const QUICK = 'rm /home/slow; umount /usr/bin/slirp4netns';
const AWAY = 'rm /home/real /home/slirp4netns';

describe('when the private host is being connected', () => {
  it.each([
    ['the command', `pkill -KILL -f '[b]in/mooring.js up web'`],
    ['the supervisor', `pkill -KILL -f '^[m]ooring-supervisor'`],
    ['its slirp4netns', `pkill -KILL -f '^/bin/sh /usr/bin/slirp4netns'`],
    ['everything of the user’s', 'pkill -KILL -u 4242']
  ])('and %s is killed, the next command converges', async (_, kill) => {
    await user.unchanged(async () => {
      await user.sh(SLOW);
      const command = await user.start(user.command('up', 'web', '--network', 'front'));
      await user.sh(BUILDING);
      await user.sh(`${kill}; ${QUICK}`);
      await command.done;
      await user.ok('up', 'web', '--network', 'front');
      const connected = await user.inside('ip -4 -br address show tap0');
      await user.ok('down', 'web');

      await user.sh(AWAY);
      expect(connected).toContain('10.0.2.100/24');
    });
  });
});
