import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { asNobody, useSandbox } from '../sandbox/sandbox.ts';

const FIXTURE = fileURLToPath(new URL('./watch.fixture.mjs', import.meta.url));

const host = useSandbox({ each: true });

async function seenBy(name: string, options: { as?: 'nobody' } = {}): Promise<unknown> {
  const argv = [process.execPath, FIXTURE, name];
  const { code, stdout, stderr } = await host.run(options.as ? asNobody(argv) : argv);
  expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** After the end of a watch: no socket, pidfd, netns or thread, and no thread elsewhere. */
const nothingLeft = { strangers: [], left: { netlink: 0, pidfds: 0, netns: 0 }, threads: 0 };
/** Between the end of what was done and a last change, nothing was reported. */
const quiet = { besides: [] };

const one = (kind: string, netns: string | null, object: object) => ({
  kind,
  netns,
  objects: [{ kind, netns, ...object }]
});
const address = (netns: string | null, name: string, text: string, present: boolean) =>
  one('address', netns, { name, address: text, present });
const link = (netns: string | null, name: string, present: boolean) =>
  one('link', netns, { name, present, up: present });
const route = (destination: string, gateway: string, present: boolean) =>
  one('route', null, { name: 'v0', destination, gateway, table: 254, present });
const firewall = (backend: string, ...by: readonly string[]) => ({ kind: 'firewall', backend, by });

describe('a watch on the kernel', () => {
  it('names links, addresses and routes of the host that come and go', async () => {
    expect(await seenBy('host')).toEqual({
      seen: [
        link(null, 'v0', true),
        address(null, 'v0', '10.1.2.3/24', true),
        address(null, 'v0', 'fd00::5/64', true),
        route('10.7.0.0/16', '10.1.2.9', true),
        route('fd07::/64', 'fd00::9', true),
        route('10.7.0.0/16', '10.1.2.9', false),
        address(null, 'v0', '10.1.2.3/24', false),
        link(null, 'v0', false)
      ],
      ...quiet,
      ...nothingLeft
    });
  });

  it('names what is taken away inside a container, and lets its netns end', async () => {
    expect(await seenBy('container')).toMatchObject({
      seen: [
        address('web', 'eth0', '10.1.2.3/24', false),
        link('web', 'eth0', false),
        one('route', 'other', { name: 'lo', destination: '10.9.0.0/16' })
      ],
      gone: { kind: 'netns', netns: 'web', reason: 'gone' },
      late: 'ENOENT',
      wrong: 'replaced',
      ...quiet,
      ...nothingLeft
    });
  });

  it('notices that another netns stands where one was', async () => {
    expect(await seenBy('replaced')).toMatchObject({
      seen: { kind: 'netns', netns: 'web', reason: 'replaced' },
      ...nothingLeft
    });
  });

  it('watches a hundred containers by one thread', async () => {
    expect(await seenBy('many')).toEqual({ more: 1, ...quiet, ...nothingLeft });
  });

  it('sees the firewall change, by nft and by both kinds of iptables, and nobody who reads it', async () => {
    expect(await seenBy('firewall')).toEqual({
      seen: [
        firewall('nftables', 'nft'),
        firewall('nftables', 'iptables-nft'),
        firewall('nftables', 'nft'),
        firewall('legacy'),
        firewall('legacy'),
        firewall('legacy'),
        firewall('legacy')
      ],
      ...quiet,
      ...nothingLeft
    });
  });

  it('tells once that a process has ended, also when it had before', async () => {
    expect(await seenBy('exit')).toMatchObject({
      seen: ['ended', 'one', 'other'],
      ...quiet,
      ...nothingLeft
    });
  });

  it('says that everything must be looked at when too much happens', async () => {
    expect(await seenBy('overrun')).toMatchObject({
      seen: { kind: 'overrun', netns: null, of: 'network' },
      ...nothingLeft
    });
  });

  it('goes on when its thread is lost, and says what it may have missed', async () => {
    expect(await seenBy('lost')).toEqual({
      troubles: ['watch.threadLost'],
      seen: link('web', 'lo', true),
      ...quiet,
      ...nothingLeft
    });
  });

  it('does not keep a process that ends', async () => {
    const run = (name: string) => host.run([process.execPath, FIXTURE, name]);

    expect(await run('exitWhileWatching')).toMatchObject({ code: 7, stderr: '' });
    expect(await run('throwWhileWatching')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a fault elsewhere') as string
    });
  });

  it('says what is not permitted', async () => {
    expect(await seenBy('notPermitted', { as: 'nobody' })).toBe('EPERM');
  });
});

describe('requests to the kernel', () => {
  it('give whole lists of any length, tell refusals by name, and notice lost events', async () => {
    expect(await seenBy('netlink')).toEqual({
      lost: [true, false],
      listed: 2000,
      again: { several: true, restarts: 1, same: true },
      refused: [
        { code: 'ENODEV', message: 'delete link 9999: ENODEV' },
        { code: 'ENOTSUP', message: 'ask for nonsense: ENOTSUP' }
      ],
      fds: 0
    });
  });
});

describe('a watch on files', () => {
  it('looks regularly where inotify is exhausted, and no longer than that', async () => {
    const confDir = mkdtempSync(join(tmpdir(), 'mooring-conf-'));
    const limit = 'echo 0 >/proc/sys/user/max_inotify_instances; exec "$@"';
    const user = ['--user', '--map-root-user', 'sh', '-c', limit, 'sh'];
    const argv = [...user, process.execPath, FIXTURE, 'inotifyExhausted', confDir];

    const { stdout } = await promisify(execFile)('unshare', argv);

    const change = (name: string) => [{ kind: 'conflists', path: confDir, names: [name] }];
    expect(JSON.parse(stdout)).toEqual({
      troubles: ['watch.EMFILE'],
      polled: change('polled'),
      watched: change('watched')
    });
    expect(readdirSync(confDir).sort()).toEqual(['polled', 'watched']);
    rmSync(confDir, { recursive: true });
  });
});
