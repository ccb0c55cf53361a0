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
async function expectWithout(netns: string, reason: RegExp): Promise<void> {
  const inside = ['nsenter', `--net=${netns}`, 'ip', 'route', 'get', '198.51.100.1'];
  expect(await hosts.a.run(inside)).toMatchObject({ code: 0 });
  expect((await refused('a', 'up', 'more')).reason).toMatch(reason);
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
    await expect.poll(() => server.admin.exists('mooring:{a}:agent'), { timeout: 20_000 }).toBe(0);

    await ok('b', 'host', 'takeover', 'a', 'web');

    expect(await everywhere()).toEqual(['a web up', 'b web up']);
    expect((await refused('a', 'network', 'reload', 'web')).reason).toBe(
      'container web was taken over by host b; take it down here'
    );
    const again = await agentOf('a');
    await expect.poll(everywhere, { timeout: 20_000 }).toEqual(['b web up']);
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

    await expectWithout(netns, /was (not reached|lost)|no answer/);
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

    await expectWithout(netns, /gave no answer in 1000 ms/);
    link.slow(0);
    await ok('a', 'recover');

    expect(await everywhere()).toEqual(['a api up']);
    expect(await ok('a', 'down', 'api')).toBe('api');
    await expectNothingLeft(before);
    expect(await keys()).toEqual([]);
  });
});
