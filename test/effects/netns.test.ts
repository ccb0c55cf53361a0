import { describe, expect, it } from 'vitest';
import type { Netns } from '../../src/model/container.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import { FIXTURE, seenBy } from '../syscalls/netns-fixture.ts';

interface Fact {
  readonly type: string;
  readonly netns?: Netns;
  readonly failure?: { readonly code: string; readonly message: string };
}

const PATH = '/run/netns/mooring-web';

const host = useSandbox({ each: true });

describe('netns effects', () => {
  it('make a netns with lo up that ip-netns lists, and take it away twice', async () => {
    const seen = await seenBy<Record<string, unknown>>(host, ['roundTrip']);

    const decimal = expect.stringMatching(/^\d+$/) as unknown;
    expect(seen).toEqual({
      created: {
        type: 'netns.created',
        namespace: 'web',
        netns: { path: PATH, device: decimal, inode: decimal }
      },
      flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
      verified: { type: 'netns.verified', namespace: 'web' },
      listed: 'mooring-web',
      removed: Array(2).fill({ type: 'netns.removed', namespace: 'web' }),
      gone: failed('netns.verifyFailed', 'netns.gone')
    });
  });

  it('pin the netns of a process, which outlives the process, with lo up', async () => {
    const seen = await seenBy<{ later: Fact; ended: Fact }>(host, ['ofProcess']);

    expect(seen).toMatchObject({
      same: true,
      flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
      later: failed('netns.createFailed', 'netns.noProcess'),
      still: 'same',
      ended: failed('netns.createFailed', 'netns.noProcess'),
      type: 'netns.removed'
    });
    expect(seen.ended.failure?.message).toMatch(
      /^create the netns of late: process \d+ has ended$/
    );
  });

  it('take no netns of a process that is the host itself', async () => {
    expect(await seenBy(host, ['ofHost'])).toEqual(failed('netns.createFailed', 'netns.isHost'));
  });

  it('find what stands at a path, links followed', async () => {
    expect(await seenBy(host, ['atPath'])).toEqual({
      same: true,
      own: true,
      refused: [
        { code: 'netns.gone', message: 'stat /run/netns/none: no such file or directory' },
        { code: 'netns.badPath', message: '/etc/hostname is no network namespace' }
      ]
    });
  });

  it('leave nothing after 200 creations and removals', async () => {
    expect(await seenBy(host, ['many', '200'])).toMatchObject({ descriptors: 0 });
  });

  it('serve eight creations at once', async () => {
    expect(await seenBy(host, ['parallel'])).toEqual({
      same: Array(8).fill('same'),
      inodes: 8,
      removed: Array(8).fill('netns.removed')
    });
  });

  it('refuse a path that exists, and leave what is there', async () => {
    const seen = await seenBy<{ second: Fact; still: string }>(host, ['exists']);

    expect(seen).toEqual({
      second: failed('netns.createFailed', 'netns.exists'),
      still: 'same'
    });
    expect(seen.second.failure?.message).toContain(`${PATH} exists already`);
  });

  it('leave no file behind when a creation is refused', async () => {
    const fact = await seenBy<Fact>(host, ['createOne', 'web'], { as: 'nobody' });

    expect(fact).toEqual(failed('netns.createFailed', 'netns.EACCES'));
    expect(fact.failure?.message).toBe('create the netns of web: mkdir /run/netns: EACCES');
  });

  it('name the step that is not permitted', async () => {
    await host.run(['install', '-d', '-o', '65534', '/run/netns']);

    const fact = await seenBy<Fact>(host, ['createOne', 'web'], { as: 'nobody' });

    expect(fact).toEqual(failed('netns.createFailed', 'netns.EPERM'));
    expect(fact.failure?.message).toContain('mount --make-rshared /run/netns: EPERM');
  });

  it('unlink a plain file, whether a netns was recorded or not', async () => {
    expect(await seenBy(host, ['plain'])).toEqual({
      state: 'plain',
      verified: failed('netns.verifyFailed', 'netns.gone'),
      recorded: { type: 'netns.removed', namespace: 'web' },
      interrupted: { type: 'netns.removed', namespace: 'web' }
    });
  });

  it('remove what an interrupted creation left, whatever it is', async () => {
    expect(await seenBy(host, ['interrupted'])).toEqual({
      removed: Array(2).fill({ type: 'netns.removed', namespace: 'web' })
    });
  });

  it('touch no netns but the recorded one', async () => {
    expect(await seenBy(host, ['replaced'])).toEqual({
      state: 'replaced',
      verified: failed('netns.verifyFailed', 'netns.replaced'),
      removed: failed('netns.removeFailed', 'netns.replaced'),
      other: ['LOOPBACK']
    });
  });

  it('remove every mount of a netns that was mounted several times', async () => {
    expect(await seenBy(host, ['stacked'])).toMatchObject({
      before: 8,
      removed: { type: 'netns.removed' },
      after: 0
    });
  });

  it('follow no link', async () => {
    expect(await seenBy(host, ['symlink'])).toEqual({
      facts: [
        failed('netns.removeFailed', 'netns.badPath'),
        failed('netns.removeFailed', 'netns.badPath'),
        failed('netns.createFailed', 'netns.exists')
      ],
      state: ['replaced', 'same', PATH]
    });
  });

  it('refuse a run directory that is a link', async () => {
    expect(await seenBy(host, ['runDirIsLink'])).toEqual({
      fact: failed('netns.createFailed', 'netns.badPath'),
      made: []
    });
  });

  it('refuse a name that is no file name', async () => {
    expect(await seenBy(host, ['badNames'])).toEqual(
      Array(3).fill(failed('netns.createFailed', 'netns.badPath'))
    );
  });

  it('begin nothing once they are stopped', async () => {
    expect(await seenBy(host, ['aborted'])).toEqual([
      failed('netns.createFailed', 'netns.aborted'),
      false
    ]);
  });

  it('recover from a process killed while it creates and removes', async () => {
    expect(await seenBy(host, ['killed'])).toEqual({ removed: Array(10).fill('netns.removed') });
  });

  it('mount the run directory once, however many processes come first', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];

    const runs = names.map((name) => host.run([process.execPath, FIXTURE, 'createOne', name]));
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual(names.map(() => 0));

    const mountinfo = await host.run(['cat', '/proc/self/mountinfo']);
    const mounts = mountinfo.stdout.split('\n').map((line) => line.split(' '));
    expect(mounts.filter(([, , , , point]) => point === '/run/netns')).toHaveLength(1);
    expect(mounts.find(([, , , , point]) => point === '/run/netns')?.[6]).toMatch(/^shared:/);
    expect(mounts.filter(([, , , , point]) => point?.startsWith('/run/netns/'))).toHaveLength(6);
  });
});

function failed(type: string, code: string): unknown {
  const failure = { code, message: expect.any(String) as unknown };
  return expect.objectContaining({ type, failure });
}
