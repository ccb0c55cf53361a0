import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLink, type Link } from '../redis/link.mjs';
import { startServer, type Server } from '../redis/server.fixture.ts';
import { MOORING, useSandbox } from '../sandbox/sandbox.ts';
import type { Background } from '../sandbox/background.ts';
import { leaks, refusalOf } from './host.fixture.ts';

// Two hosts of one Redis, which both reach by a relay's socket: in its place the link can be slow.
const hosts = { a: useSandbox(), b: useSandbox() };
type Host = keyof typeof hosts;
let server: Server;
let link: Link;
let url: string;

beforeAll(async () => {
  server = await startServer();
  const path = join(server.dir, 'link');
  link = await startLink({ path }, { path: join(server.dir, 's') });
  url = `redis+unix://${path}?lease=1000&patience=1000`;
});
afterAll(async () => {
  await link.close();
  await server.dispose();
});

const argsOf = (host: Host) => ['--host-name', host, '--store', url];

async function ok(host: Host, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await hosts[host].mooring(...argsOf(host), ...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.trimEnd();
}

async function refused(host: Host, ...args: readonly string[]) {
  return refusalOf(await hosts[host].mooring(...argsOf(host), ...args));
}

async function agentOf(host: Host): Promise<Background> {
  const agent = await hosts[host].start([process.execPath, MOORING, ...argsOf(host), 'agent']);
  await agent.line(/^watching$/);
  return agent;
}

async function everywhere(): Promise<readonly string[]> {
  const text = await ok('b', 'ps', '--all-hosts', '--format', 'json');
  const rows = JSON.parse(text) as { Host: string; Id: string; State: string }[];
  return rows.map(({ Host, Id, State }) => `${Host} ${Id} ${State}`);
}

async function snapshots() {
  return { a: await hosts.a.snapshot(), b: await hosts.b.snapshot() };
}

async function expectNothingLeft(before: Awaited<ReturnType<typeof snapshots>>): Promise<void> {
  const after = await snapshots();
  expect({ a: leaks(before.a, after.a), b: leaks(before.b, after.b) }).toEqual({ a: [], b: [] });
}

/** What is up stays up, nothing is begun, and web is taken down. */
async function expectWithout(netns: string): Promise<void> {
  const inside = ['nsenter', `--net=${netns}`, 'ip', 'route', 'get', '198.51.100.1'];
  expect(await hosts.a.run(inside)).toMatchObject({ code: 0 });
  expect((await refused('a', 'up', 'more')).reason).toMatch(
    /(was not reached|gave no answer) in 1000 ms/
  );
  expect(await ok('a', 'ps', '-q')).toBe('api\nweb');
  expect(await ok('a', 'down', 'web')).toBe('web');
}

async function keys(): Promise<readonly string[]> {
  const all = await server.admin.keys('*');
  return all
    .filter((key) => /:(lease|queue|agent|actors|addresses|taken|log)/.test(key))
    .toSorted();
}

describe('two hosts of one store', () => {
  it('share networks, addresses and each other’s agents, and leave nothing', async () => {
    const before = await snapshots();
    await ok('a', 'network', 'create', 'front', '--subnet', '10.77.0.0/24');
    expect(
      (await refused('b', 'network', 'create', 'other', '--subnet', '10.77.0.128/25')).reason
    ).toMatch(/: front$/);
    expect(await refused('b', '--host', 'a', 'up', 'web')).toEqual({
      code: 125,
      reason: 'no agent is alive on host a: asking host a for up'
    });
    const agent = await agentOf('a');

    const netns = await ok('b', '--host', 'a', 'up', 'web', '--network', 'front:ip=10.77.0.9');
    expect(await hosts.a.run(['nsenter', `--net=${netns}`, 'ip', '-br', 'addr'])).toMatchObject({
      stdout: expect.stringContaining('10.77.0.9/24') as string
    });
    // Written there, and had here before its first use.
    expect((await refused('b', 'up', 'api', '--network', 'front:ip=10.77.0.9')).reason).toBe(
      'address 10.77.0.9 of network front is that of container web of host a'
    );
    expect(await everywhere()).toEqual(['a web up']);
    expect((await refused('b', 'network', 'rm', 'front')).reason).toMatch(/web on a$/);
    expect((await refused('b', '--host', 'a', 'down', 'none')).reason).toBe(
      'no container is named none'
    );
    expect(await ok('b', '--host', 'a', 'down', 'web')).toBe('web');

    expect(await everywhere()).toEqual([]);
    // Its life has ended, and is told on the other host all the same.
    const told = await ok('b', 'events', '--all-hosts', '--filter', 'container=web');
    expect(told.split('\n').map((line) => line.replace(/ .* UTC/, ''))).toEqual([
      'a network connect web (container=web, name=front)',
      'a container up web (name=web)',
      'a network disconnect web (container=web, name=front)',
      'a container absent web (name=web)'
    ]);
    expect(await ok('b', '--host', 'a', 'events', '--filter', 'event=absent')).toMatch(/ web /);
    await agent.kill('SIGTERM');
    expect(await agent.done).toMatchObject({ code: 0, stderr: '' });
    await ok('b', 'network', 'rm', 'front');
    await ok('a', 'network', 'ls');
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });

  it('take a container over from one that died, which can then only take it down', async () => {
    const before = await snapshots();
    await ok('a', 'network', 'create', 'front', '--subnet', '10.77.0.0/24');
    const agent = await agentOf('a');
    await ok('b', '--host', 'a', 'up', 'web', '--network', 'front:ip=10.77.0.9');
    expect((await refused('b', 'host', 'takeover', 'a', 'web')).reason).toBe(
      'the agent of host a is alive: take web down there'
    );
    await agent.kill('SIGKILL');
    await expect.poll(() => server.admin.exists('mooring:{a}:agent'), WAITS).toBe(0);

    await ok('b', 'host', 'takeover', 'a', 'web');

    expect(await everywhere()).toEqual(['a web up', 'b web up']);
    expect((await refused('a', 'network', 'reload', 'web')).reason).toBe(
      'container web was taken over by host b; take it down here'
    );
    const again = await agentOf('a');
    await expect.poll(everywhere, WAITS).toEqual(['b web up']);
    await again.kill('SIGTERM');
    await again.done;
    await ok('b', 'down', 'web');
    await ok('b', 'network', 'rm', 'front');
    await ok('a', 'network', 'ls');
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });

  it('keep what is up while Redis is away, take down, begin nothing, and tell it on return', async () => {
    // The default network stays once it is made.
    await ok('a', 'up', 'web');
    await ok('a', 'down', 'web');
    const before = await snapshots();
    const netns = await ok('a', 'up', 'web');
    await ok('a', 'up', 'api');
    await server.kill();

    await expectWithout(netns);
    await server.start();
    await ok('a', 'recover');

    expect(await everywhere()).toEqual(['a api up']);
    expect(await ok('a', 'down', 'api')).toBe('api');
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });

  it('do the same while the link to Redis is slow', async () => {
    const before = await snapshots();
    const netns = await ok('a', 'up', 'web');
    await ok('a', 'up', 'api');
    link.slow(1_500);

    await expectWithout(netns);
    link.slow(0);
    await ok('a', 'recover');

    expect(await everywhere()).toEqual(['a api up']);
    expect(await ok('a', 'down', 'api')).toBe('api');
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });

  it('end a plugin with all its descendants when the lease is over, and undo what it did', async () => {
    const before = await snapshots();
    const plugins = ['--cni-plugin-dir', '/run/stall', '--cni-plugin-dir', '/usr/lib/cni'];
    const asleep = async () => (await hosts.a.run(['pgrep', '-xf', 'sleep 98[5-7]'])).stdout;
    await hosts.a.run(['sh', '-ec', STALLING]);
    const up = await hosts.a.start([
      ...[process.execPath, MOORING, ...argsOf('a'), ...plugins],
      ...['up', 'web', '--network', 'stall']
    ]);
    await expect.poll(async () => (await asleep()).split('\n').length, WAITS).toBe(4);

    server.freeze();
    const { code, stderr } = await up.done;
    expect(await asleep()).toBe('');
    server.thaw();

    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: expect.stringMatching(/^Error: .*lease on container\/web .* was lost/) as string
    });
    await ok('a', ...plugins, 'recover');
    expect(await everywhere()).toEqual(['a web failed']);
    await ok('a', ...plugins, 'rm', 'web');
    await hosts.a.run(['rm', '-r', '/run/stall', '/etc/cni/net.d/stall.conflist']);
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });
});

const WAITS = { timeout: 20_000 };

/** A plugin that never ends, with a child, and a grandchild in a session of its own. */
const STALLING = `
mkdir -p /run/stall /etc/cni/net.d
cat >/run/stall/staller <<'END'
#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}' ;;
ADD) sleep 985 & sh -c 'setsid sleep 986 & wait' & sleep 987 ;;
esac
END
chmod 755 /run/stall/staller
echo '{"cniVersion":"1.0.0","name":"stall","plugins":[{"type":"staller"}]}' >/etc/cni/net.d/stall.conflist
`;
