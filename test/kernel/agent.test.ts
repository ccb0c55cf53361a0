import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Background } from '../sandbox/background.ts';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import { serve } from '../sandbox/traffic.ts';
import { hostOf, netnsOf } from './host.fixture.ts';
import { liveOf, tcp } from './live.fixture.ts';

const sandbox = useSandbox();
const host = hostOf(sandbox);
const live = liveOf(sandbox, host);

const WEB = netnsOf('web');
const PUBLISHED = tcp(8080, '127.0.0.1');
const argv = (...args: readonly string[]) => [process.execPath, MOORING, ...args];
const rules = () => host.sh('iptables-save; ip6tables-save').then(withoutCounters);
const statusOf = async (id: string) => {
  const [view] = await host.json<{ State: { Status: string; Failure: unknown } }[]>('inspect', id);
  return view!.State;
};

let agent: Background;

/** What the journals tell while the work goes on, until a line matches. */
async function told(pattern: RegExp, work: () => Promise<unknown>): Promise<string> {
  const follower = await sandbox.start(argv('events', '--raw', '--follow'));
  await host.sh(`until ls -l /proc/${follower.pid}/fd 2>/dev/null | grep -q inotify; do :; done`);
  await work();
  const line = await follower.line(pattern);
  await follower.kill('SIGINT');
  await follower.done;
  return line;
}

async function stop(running: Background): Promise<number | null> {
  await running.kill('SIGTERM');
  return (await running.done).code;
}

beforeAll(async () => {
  // One of its own, to be written to.
  await host.sh('cp -aL /etc /run/etc 2>/dev/null || true; mount --bind /run/etc /etc');
  await host.ok(
    'network',
    'create',
    '--disable-dns',
    'front',
    '--subnet',
    '10.20.0.0/24',
    '--subnet',
    'fd00:20::/64'
  );
  agent = await sandbox.start(argv('agent'));
  await agent.line(/^watching$/);
  await host.ok('up', 'web', '--network', 'front', '-p', '8080:80');
});

afterAll(async () => {
  await stop(agent);
  await host.ok('down', '--all');
});

describe('the agent', () => {
  it.each([
    ['iptables -F and -X', 'for t in nat filter; do iptables -t $t -F; iptables -t $t -X; done'],
    ['nft flush ruleset', 'nft flush ruleset'],
    ['the loss of one jump', `iptables -t nat -D POSTROUTING 1`]
  ])('puts rules back after %s, while links and addresses stay', async (_, damage) => {
    const [before, within] = [await rules(), await live.within(WEB)];

    await told(/container\/web attachments\.repaired/, () => host.sh(damage));

    const answers = await live.answersOf('web', 80, [PUBLISHED]);
    expect(await live.within(WEB)).toEqual(within);
    expect((await rules()).split('\n').sort()).toEqual(before.split('\n').sort());
    expect(answers).toEqual(['hello']);
    expect(await statusOf('web')).toMatchObject({ Status: 'up', Failure: null });
  });

  it('says in the journal why it looked', async () => {
    const journal = await host.ok('journal', 'export', 'web');

    expect(journal).toMatch(
      /"type":"container\.repair".*"because":"firewall changed by (nft|iptables)"/
    );
  });

  it('lets a connection that is open go on while it mends', async () => {
    const server = await serve(sandbox, {
      netns: WEB,
      protocol: 'tcp',
      address: '::',
      port: 80
    });
    const before = await host.sh(`nsenter --net=${WEB} cat /sys/class/net/eth0/ifindex`);

    await told(/container\/web attachments\.repaired/, () => host.sh('nft flush ruleset'));

    expect(await host.sh(`nsenter --net=${WEB} cat /sys/class/net/eth0/ifindex`)).toBe(before);
    expect(await live.answerOf(PUBLISHED)).toBe('hello');
    await server.kill('SIGKILL');
    await server.done;
  });

  it.each([
    [
      'an address',
      `nsenter --net=${WEB} ip addr del $(nsenter --net=${WEB} ip -4 -o addr show eth0 | awk '{print $4}') dev eth0`,
      /address 10\.20\.0\.\d+\/24 of eth0/
    ],
    ['a link', `nsenter --net=${WEB} ip link del eth0`, /eth0/],
    ['a link that is down', `nsenter --net=${WEB} ip link set eth0 down`, /eth0/]
  ])('shows %s that is taken away, until a reload repairs it', async (_, damage, named) => {
    const within = await live.within(WEB);
    await told(/container\/web attachments\.examined/, () => host.sh(damage));
    const degraded = await statusOf('web');
    await host.ok('network', 'reload', 'web');
    const repaired = await statusOf('web');

    expect(degraded.Status).toBe('degraded');
    expect(degraded.Failure).toMatchObject({
      Code: 'network.drifted',
      Message: expect.stringMatching(named) as string
    });
    expect(repaired).toMatchObject({ Status: 'up', Failure: null });
    expect(await live.within(WEB)).toEqual(within);
  });

  it('finds a container well again when somebody else has put it right', async () => {
    const ip = `nsenter --net=${WEB} ip`;
    const address = await host.sh(`${ip} -4 -o addr show eth0 | awk '{print $4}'`);
    const take = `${ip} addr del ${address} dev eth0`;
    const give = `${ip} addr add ${address} brd + dev eth0; ${ip} route add default via 10.20.0.1`;
    await told(/container\/web attachments\.examined/, () => host.sh(take));
    const taken = await statusOf('web');
    await told(/container\/web attachments\.examined/, () => host.sh(give));

    expect(taken.Status).toBe('degraded');
    expect(await statusOf('web')).toMatchObject({ Status: 'up', Failure: null });
  });

  it('writes resolv.conf again when that of the host has changed', async () => {
    const files = await host.json<{ ResolvConfPath: string }[]>('inspect', 'web');
    const path = files[0]!.ResolvConfPath;
    await told(/container\/web files\.written/, () =>
      host.sh('echo "nameserver 192.0.2.53" >/etc/resolv.new; mv /etc/resolv.new /etc/resolv.conf')
    );

    expect(await host.sh(`cat ${path}`)).toContain('nameserver 192.0.2.53');
  });

  it('watches what another process brings up, and lets go of what it takes down', async () => {
    await host.ok('up', 'db', '--network', 'front');
    await told(/container\/db attachments\.repaired/, () => host.sh('nft flush ruleset'));
    await host.ok('down', 'db');

    expect(await statusOf('web')).toMatchObject({ Status: 'up' });
  });

  it('shows that the process has ended in whose netns a container is, and so does a reload', async () => {
    const process = await sandbox.start([
      'unshare',
      '--net',
      'sh',
      '-c',
      'echo up; exec sleep 1000'
    ]);
    await process.line(/^up$/);
    await host.ok('up', 'guest', '--netns-pid', String(process.pid), '--network', 'front');
    const within = await live.within(netnsOf('guest'));
    await told(/container\/guest attachments\.examined/, () => process.kill('SIGKILL'));
    const ended = await statusOf('guest');
    const journal = await host.ok('journal', 'export', 'guest');
    await host.ok('network', 'reload', 'guest');
    const after = [await statusOf('guest'), await live.within(netnsOf('guest'))];
    await host.ok('down', 'guest');

    const text = `process ${process.pid}, whose network namespace it has, has ended`;
    expect(ended).toMatchObject({
      Status: 'degraded',
      Failure: { Code: 'network.drifted', Message: text }
    });
    expect(journal.includes(`"kind":"process","object":"process ${process.pid}"`)).toBe(true);
    expect(after).toEqual([ended, within]);
  });

  it('keeps host ports bound by another process when the one that did is killed', async () => {
    const keepers = () =>
      host.sh("ps -eo pid=,args= | awk '/^ *[0-9]+ mooring: ports of web /{print $1}'");
    const before = await keepers();
    await host.sh(`kill -9 ${before}
      until p=$(ps -eo pid=,args= | awk '/^ *[0-9]+ mooring: ports of web /{print $1}'); [ -n "$p" ] && [ "$p" != ${before.trim()} ]; do :; done`);
    const after = await keepers();
    const bind = `${process.execPath} -e "require('net').createServer().listen(8080, '0.0.0.0')
      .on('error', (e) => console.log(e.code)).on('listening', () => { console.log('free'); process.exit(); })"`;

    expect(before).toMatch(/^\s*\d+\s*$/);
    expect(after).toMatch(/^\s*\d+\s*$/);
    expect(after).not.toBe(before);
    expect((await host.sh(bind)).trim()).toBe('EADDRINUSE');
    expect(await live.answersOf('web', 80, [PUBLISHED])).toEqual(['hello']);
  });

  it('starts the name server again when it is killed', async () => {
    const ipam = { type: 'host-local', ranges: [[{ subnet: '10.30.0.0/24' }]] };
    const bridge = { type: 'bridge', bridge: 'named0', isGateway: true, ipam };
    const list = { cniVersion: '1.0.0', name: 'named', args: { mooring: { dns: true } } };
    const file = '/etc/cni/net.d/named.conflist';
    await host.sh(`echo '${JSON.stringify({ ...list, plugins: [bridge] })}' >${file}`);
    await host.ok('up', 'found', '--network', 'named:ip=10.30.0.9');
    const server = () => host.sh('pgrep -x aardvark-dns || true');
    const ask = `nsenter --net=${netnsOf('found')} ${process.execPath} -e "
      const r = new (require('dns').Resolver)({ timeout: 200, tries: 1 }); r.setServers(['10.30.0.1']);
      const ask = () => r.resolve4('found', (e, a) => (e ? ask() : console.log(a[0]))); ask();"`;
    const known = await host.sh(ask);
    const before = await server();
    await host.sh(`kill -9 ${before}`);
    const again = await host.sh(ask);
    const after = await server();
    await host.ok('down', 'found');
    await host.sh(`rm ${file}`);

    expect([known.trim(), again.trim()]).toEqual(['10.30.0.9', '10.30.0.9']);
    expect(after).toMatch(/^\s*\d+\s*$/);
    expect(after).not.toBe(before);
    expect((await server()).trim()).toBe('');
  });

  it('is one for a state directory', async () => {
    const second = await sandbox.mooring('agent');

    expect(second).toMatchObject({
      code: 125,
      stdout: '',
      stderr: `Error: an agent is running already, process ${agent.pid} (it holds /var/lib/mooring/agent.lock)\n`
    });
  });

  it('comes before what only computes, with the threads it starts', async () => {
    const niceness = await host.sh(`ps -L -o ni= -p ${agent.pid}`);

    expect(
      niceness
        .trim()
        .split(/\s+/)
        .filter((one) => one === '-10').length
    ).toBeGreaterThan(2);
  });

  it('touches nothing of a neighbour', async () => {
    const foreign = `
      iptables -t nat -N CNI-MINE
      iptables -t nat -A CNI-MINE -m comment --comment 'name: "front" id: "webs"' -j RETURN
      iptables -t nat -A POSTROUTING -m comment --comment 'name: "front" id: "webs"' -j CNI-MINE`;
    await host.sh(foreign);
    const before = await rules();
    const jump = `
      n=$(iptables -t nat -S POSTROUTING | tail -n +2 | grep -n 'j CNI-[0-9a-f]' | head -n 1 | cut -d : -f 1)
      iptables -t nat -D POSTROUTING $n`;
    await told(/container\/web attachments\.repaired/, () => host.sh(jump));
    const after = await rules();
    await host.sh(
      'iptables -t nat -D POSTROUTING -m comment --comment \'name: "front" id: "webs"\' -j CNI-MINE; iptables -t nat -F CNI-MINE; iptables -t nat -X CNI-MINE'
    );

    expect(after.split('\n').sort()).toEqual(before.split('\n').sort());
  });
});

describe('an agent that ends', () => {
  it('leaves nothing: no process, no file, no thread, and another can begin', async () => {
    const code = await stop(agent);
    const before = await host.snapshot();
    agent = await sandbox.start(argv('agent'));
    await agent.line(/^watching$/);
    const second = await stop(agent);
    const after = await host.snapshot();
    agent = await sandbox.start(argv('agent'));
    await agent.line(/^watching$/);

    expect([code, second]).toEqual([0, 0]);
    expect(after).toEqual(before);
  });

  it('finds on its next start what was changed meanwhile', async () => {
    await stop(agent);
    const before = await rules();
    await host.sh('nft flush ruleset');
    agent = await sandbox.start(argv('agent'));
    await agent.line(/^watching$/);

    expect((await rules()).split('\n').sort()).toEqual(before.split('\n').sort());
  });
});

function withoutCounters(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
    .filter((line) => line !== 'COMMIT' && !line.startsWith('*') && !/^:[A-Z]+ ACCEPT$/.test(line))
    .join('\n');
}
