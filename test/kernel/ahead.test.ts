import { describe, expect, it } from 'vitest';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { PASS_ON, useChain } from './chain.fixture.ts';

const sandbox = useSandbox();
const chain = useChain(sandbox);
const { double } = chain;

const UP = ['up', 'web', '--network', 'front', '-p', '8080:80'];
const PORTMAP = 'pgrep -fx /usr/lib/cni/portmap >/dev/null';
/** For the script of a plugin: goes on once the next of its chain waits for its turn. */
const UNTIL_PORTMAP = `until ${PORTMAP}; do :; done`;
const UNTIL_FIREWALL = 'until pgrep -fx /usr/lib/cni/firewall >/dev/null; do :; done';

describe('while a plugin works the next one of its chain', () => {
  it('is up, has done nothing, and does its work when it is its turn', async () => {
    await chain.unchanged(async () => {
      double.on('guard', 'ADD', `${UNTIL_PORTMAP}; iptables-save >/rules; ${PASS_ON}`);
      double.on('guard', 'DEL', UNTIL_FIREWALL);
      await chain.ok(...UP);
      const early = await chain.sh('cat /rules; rm /rules');
      const late = await chain.sh('iptables-save -t nat');
      await chain.ok('down', 'web');

      expect(early).toContain('CNI-FORWARD');
      expect(early).not.toContain('CNI-DN-');
      expect(late).toMatch(/-A CNI-DN-\S+ .*--dport 8080 -j DNAT/);
    });
  });

  it('is ended without having done anything when the one before it refuses', async () => {
    await chain.unchanged(async () => {
      const before = await chain.snapshot();
      const refuse = `echo '{"code":11,"msg":"full"}'; exit 1`;
      double.on('guard', 'ADD', `${UNTIL_PORTMAP}; ${refuse}`);
      const { reason } = await chain.refused(...UP);
      await chain.expectNoLeak(before);
      await chain.ok('down', 'web');

      expect(reason).toBe('front for web: guard refused ADD: full');
    });
  });

  it('takes its turn although the one before it failed on DEL, and left a process behind', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      double.on('guard', 'DEL', `${UNTIL_FIREWALL}; sleep 1000 & exit 1`);
      const before = await chain.sh('iptables-save -t filter');
      const { code } = await chain.mooring('down', 'web');
      const after = await chain.sh('iptables-save -t filter');
      chain.heal();
      await chain.ok('down', 'web');

      expect(code).not.toBe(0);
      expect(before).toMatch(/^-A CNI-FORWARD -d 10\.30\.0\./m);
      expect(after).not.toMatch(/^-A CNI-FORWARD -d 10\.30\.0\./m);
    });
  });

  it('ends by itself, having done nothing, when we are killed', async () => {
    await chain.unchanged(async () => {
      const before = await chain.snapshot();
      double.on('guard', 'ADD', `sleep 1003 & wait`);
      const up = await sandbox.start([process.execPath, MOORING, ...chain.dirs, ...UP]);
      await chain.sh(UNTIL_PORTMAP);
      await up.kill('SIGKILL');
      await up.done;
      await chain.sh(`while ${PORTMAP}; do :; done`);
      const nat = await chain.sh('iptables-save -t nat');
      await chain.sh('pgrep -f "^sleep 1003"');
      await chain.ok('recover');
      await chain.expectNoLeak(before);
      chain.heal();
      await chain.ok(...UP);
      await chain.ok('down', 'web');

      expect(nat).not.toContain('CNI-DN-');
    });
  });
});

describe('the plugins that are started before their turn', () => {
  it.each(['ADD', 'CHECK', 'DEL'])('do nothing on %s until they are told', async (command) => {
    await chain.sh('ip netns add early; mkfifo /early');
    const before = await chain.snapshot();
    const env = `CNI_COMMAND=${command} CNI_CONTAINERID=early CNI_NETNS=/run/netns/early
      CNI_IFNAME=eth0 CNI_ARGS= CNI_PATH=/usr/lib/cni`.replace(/\s+/g, ' ');
    const left = await chain.sh(`
      exec 9<>/early
      for plugin in /usr/lib/cni/*; do
        env -i PATH=/usr/sbin:/usr/bin ${env} $plugin </early >/dev/null 2>&1 9<&- &
        until grep -q pipe_read /proc/$!/task/*/wchan; do
          kill -0 $! || { echo "$plugin ended"; break; }
        done
      done
      pkill -KILL -f '^/usr/lib/cni/'
      wait || true`);

    expect(left).toBe('');
    expect(await chain.snapshot()).toEqual(before);
    await chain.sh('ip netns del early; rm /early');
  });
});
