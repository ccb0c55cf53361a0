import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { CONFLIST, useChain } from './chain.fixture.ts';
import { netnsOf } from './host.fixture.ts';

const sandbox = useSandbox();
const chain = useChain(sandbox);
const { double } = chain;

const UP = ['up', 'web', '--network', 'front', '-p', '8080:80'];

const HANGS = 'pgrep -f "^sleep 1003" >/dev/null';

const natRules = async (): Promise<readonly string[]> => {
  const text = await chain.sh('iptables-save -t nat');
  return text
    .split('\n')
    .filter((line) => line.startsWith('-A '))
    .sort();
};

describe('an ADD that goes wrong', () => {
  it.each([
    [
      'refuses',
      `echo '{"cniVersion":"1.0.0","code":11,"msg":"the pool is busy","details":"try later"}'; exit 1`,
      'cni.11',
      'guard refused ADD: the pool is busy (try later)'
    ],
    [
      'refuses in several lines',
      `printf 'first\\nsecond\\033[2J\\n' >&2; exit 3`,
      'cni.0',
      expect.stringMatching(/guard refused ADD: first second.* \(exit status 3\)$/)
    ],
    [
      'prints garbage',
      `echo 'oops <html>'`,
      'cni.badOutput',
      'guard answered ADD with something that is not JSON: oops <html>'
    ],
    ['prints nothing', ':', 'cni.noResult', 'guard answered ADD with success but without a result'],
    [
      'writes 100 MB',
      `head -c 104857600 /dev/zero | tr '\\0' x`,
      'cni.outputTooLarge',
      'guard printed more than 1 MiB on ADD and was stopped'
    ],
    [
      'leaves a grandchild that holds its stdout',
      `sleep 1000 & echo '{"code":7,"msg":"not today"}'; exit 1`,
      'cni.7',
      'guard refused ADD: not today'
    ],
    ['dies by a signal', 'kill -SEGV $$', 'cni.killed', 'guard was killed by SIGSEGV during ADD']
  ])(
    'because the plugin %s unwinds, says why, and up works again',
    async (_, script, code, why) => {
      await chain.unchanged(async () => {
        const before = await chain.snapshot();
        double.on('guard', 'ADD', script);
        const refusal = await chain.refused(...UP);
        const state = await chain.state('web');
        const ps = await chain.ok('ps', '--noheading');
        await chain.expectNoLeak(before);
        chain.heal();
        const path = await chain.ok(...UP);
        const { eth0 } = await chain.links('web');
        await chain.ok('down', 'web');

        const prefix = 'front for web: ';
        expect(refusal.code).toBe(125);
        expect(refusal.reason.startsWith(prefix)).toBe(true);
        expect(refusal.reason.slice(prefix.length)).toEqual(why);
        expect(state).toEqual({
          Status: 'failed',
          Pending: false,
          Failure: { Code: code, Message: refusal.reason },
          Leftovers: []
        });
        expect(ps).toMatch(/^web +failed +front/);
        expect(path).toBe(netnsOf('web'));
        expect(eth0!.addresses).toEqual([expect.stringMatching(/^10\.30\.0\./)]);
      });
    }
  );

  it('because the plugin hangs, its children too, is ended by the deadline', async () => {
    await chain.unchanged(async () => {
      const before = await chain.snapshot();
      double.on('guard', 'ADD', `trap '' TERM; sleep 1000 & setsid sleep 1001 & wait; sleep 1002`);
      const ran = await sandbox.run([process.execPath, UP_TIMEOUT, double.bin, 'web', 'front']);
      const state = await chain.state('web');
      await chain.expectNoLeak(before);
      chain.heal();
      await chain.ok(...UP);
      await chain.ok('down', 'web');

      const reason = 'front for web: guard did not answer ADD within 500 ms and was stopped';
      expect(ran).toMatchObject({ code: 1, stderr: `cni.timedOut ${reason}\n` });
      expect(state).toMatchObject({ Status: 'failed', Failure: { Message: reason } });
    });
  });

  it('because the plugin hangs keeps no other container from its repair, nor a first one up', async () => {
    await chain.unchanged(async () => {
      for (const [name, subnet] of [
        ['back', '10.31.0.0/24'],
        ['side', '10.32.0.0/24']
      ] as const) {
        await chain.ok('network', 'create', '--disable-dns', name, '--subnet', subnet);
      }
      await chain.ok('up', 'web', '--network', 'back', '-p', '8080:80');
      // Makes the shared chains, so that the one that hangs has nothing to add to them.
      const before = await natRules();
      double.on('guard', 'ADD', 'sleep 1003');
      const argv = [process.execPath, MOORING, ...chain.dirs, 'up', 'slow', '--network', 'front'];
      const slow = await sandbox.start(argv);
      await chain.sh(`until ${HANGS}; do :; done`);

      await chain.sh('iptables -t nat -F');
      await chain.ok('network', 'reload', 'web');
      const reloaded = await natRules();
      const agent = await sandbox.start([process.execPath, MOORING, ...chain.dirs, 'agent']);
      await agent.line(/^watching$/);
      await chain.sh(`iptables -t nat -F
        until iptables -t nat -S CNI-HOSTPORT-DNAT | grep -q 8080; do :; done`);
      const repaired = await natRules();
      await agent.kill('SIGTERM');
      await agent.done;
      await chain.ok('up', 'first', '--network', 'side', '-p', '8081:80');
      await chain.ok('down', 'first');
      await chain.sh(HANGS);

      await chain.sh('pkill -KILL -f "^sleep 1003"');
      const { code } = await slow.done;
      chain.heal();
      await chain.ok('down', '--all');
      await chain.ok('network', 'rm', 'back', 'side');
      expect(code).toBe(125);
      expect(reloaded).toEqual(before);
      expect(repaired).toEqual(before);
    });
  });

  it.each([
    ['refuses', `echo '{"code":11,"msg":"full"}'; exit 1`, 125],
    ['is killed with the process that runs it', 'kill -KILL $PPID $$', null]
  ])('because the plugin %s leaves no rule of the ones before it', async (_, script, code) => {
    await chain.sh(`sed 's/"front"/"rear"/; s/front0/rear0/; s/10.30.0/10.33.0/; s/{"type":"guard"}/{"type":"firewall"},&/' \
      ${CONFLIST} >/etc/cni/net.d/rear.conflist`);
    await chain.unchanged(async () => {
      double.on('guard', 'ADD', script);
      const ran = await chain.mooring('up', 'web', '--network', 'rear');
      await chain.mooring('recover');
      chain.heal();
      await chain.mooring('down', '--ignore', 'web');

      expect(ran.code).toBe(code);
    });
    await chain.sh('rm /etc/cni/net.d/rear.conflist');
  });

  it('on the second of two networks takes the first away as well', async () => {
    await chain.ok('network', 'create', '--disable-dns', 'back', '--subnet', '10.31.0.0/24');
    await chain.unchanged(async () => {
      const before = await chain.snapshot();
      double.on('guard', 'ADD', `echo '{"code":11,"msg":"full"}'; exit 1`);
      const { reason } = await chain.refused(
        'up',
        'web',
        '--network',
        'back',
        '--network',
        'front'
      );
      await chain.expectNoLeak(before);
      await chain.ok('down', 'web');

      expect(reason).toBe('front for web: guard refused ADD: full');
    });
  });
});

describe('a DEL that goes wrong', () => {
  it('for want of the link takes away the rules that only the link leads to', async () => {
    await chain.unchanged(async () => {
      const before = await chain.snapshot();
      await chain.ok(...UP);
      await chain.sh(`nsenter --net=${netnsOf('web')} ip link del eth0`);
      await chain.ok('down', 'web');

      await chain.expectNoLeak(before);
    });
  });

  it('for want of the binary takes the rest away, says so, and is made good by down', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      chain.uninstall();
      const refusal = await chain.refused('down', 'web');
      const [state, ps] = [await chain.state('web'), await chain.ok('ps', '--noheading')];
      const again = await chain.refused('down', 'web');
      const links = await chain.sh('ip -o link show type veth; ls /run/netns; iptables-save');
      chain.heal();
      const gone = await chain.ok('down', 'web');

      const reason = `front for web: plugin guard: not found in ${double.bin}, /usr/lib/cni`;
      expect(refusal).toEqual({ code: 125, reason });
      expect(again).toEqual(refusal);
      expect(state).toMatchObject({
        Status: 'stuck',
        Leftovers: [{ Code: 'cni.pluginNotFound', Message: reason }]
      });
      expect(ps).toMatch(/^web +stuck +front/);
      expect(links).not.toMatch(/veth|mooring-web|8080/);
      expect(gone).toBe('web');
    });
  });

  it('once is tried again by the same down', async () => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      double.on(
        'guard',
        'DEL',
        `[ -e "$home/failed" ] || { : >"$home/failed"; echo '{"code":11,"msg":"busy"}'; exit 1; }`
      );
      const seen = double.order().length;
      const gone = await chain.ok('down', 'web');

      expect(gone).toBe('web');
      expect(double.order().slice(seen)).toEqual(['guard DEL', 'guard DEL']);
    });
  });

  it.each([
    ['gone', `mv ${CONFLIST} /run/front.kept`],
    ['broken', `mv ${CONFLIST} /run/front.kept; echo '{' >${CONFLIST}`],
    ['another', `mv ${CONFLIST} /run/front.kept; sed s/front0/else0/ /run/front.kept >${CONFLIST}`]
  ])('cannot happen because the conflist is %s by then', async (_, change) => {
    await chain.unchanged(async () => {
      await chain.ok(...UP);
      await chain.sh(change);
      const gone = await chain.ok('down', 'web');
      await chain.sh(`mv /run/front.kept ${CONFLIST}`);

      expect(gone).toBe('web');
    });
  });
});

describe('a plugin', () => {
  it('is given what the specification names, and nothing of ours', async () => {
    await chain.unchanged(async () => {
      double.on('guard', 'DEL', `ls -l /proc/$$/fd >"$call/fds"; pwd >"$call/cwd"`);
      const env = { NODE_OPTIONS: '--no-warnings', LD_PRELOAD: '', CNI_ARGS: 'IP=10.30.0.66' };
      const argv = [process.execPath, MOORING, ...chain.dirs];
      await sandbox.run([...argv, ...UP], { env });
      await sandbox.run([...argv, 'down', 'web'], { env });

      const call = double.calls().at(-1)!;
      expect(Object.keys(call.env).sort()).toEqual([
        ...['CNI_ARGS', 'CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_NETNS', 'CNI_PATH'],
        ...['MOORING_OPERATION', 'PATH']
      ]);
      expect(call.env).toMatchObject({
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        CNI_CONTAINERID: 'web',
        CNI_IFNAME: 'eth0',
        CNI_NETNS: netnsOf('web'),
        CNI_PATH: `${double.bin}:/usr/lib/cni`,
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin'
      });
      const [fds, cwd] = await Promise.all(
        ['fds', 'cwd'].map((file) => chain.sh(`cat ${double.root}/double/calls/*/${file}`))
      );
      // The shell keeps its script at 10 and hides what `>` replaces behind that.
      expect(
        fds!
          .match(/ \d+ -> /g)!
          .map((fd) => Number.parseInt(fd))
          .filter((fd) => fd < 10)
      ).toEqual([0, 1, 2]);
      expect(cwd).toBe('/');
    });
  });
});

const UP_TIMEOUT = fileURLToPath(new URL('up-timeout.fixture.mjs', import.meta.url));
