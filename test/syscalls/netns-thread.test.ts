import { describe, expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { seenBy } from './netns-fixture.ts';

const host = useSandbox({ each: true });

describe('the netns thread', () => {
  it('ends when it cannot return to the host netns, and is replaced', async () => {
    const seen = await seenBy<{ lost: { failure: { code: string; message: string } } }>(host, [
      'lost'
    ]);

    expect(seen).toMatchObject({
      lost: { type: 'netns.createFailed', failure: { code: 'netns.threadLost' } },
      behind: 'netns.threadLost',
      next: 'netns.created'
    });
    expect(seen.lost.failure.message).toContain("return to the host's netns");
  });

  it('finishes what it was asked before it is closed, and takes nothing more', async () => {
    expect(await seenBy(host, ['close'])).toMatchObject({
      state: 'same',
      flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
      late: { type: 'netns.createFailed', failure: { code: 'netns.threadClosed' } }
    });
  });

  it('says which step of a creation is not permitted', async () => {
    await host.run(['install', '-m', '444', '/dev/null', '/run/file']);

    const seen = await seenBy(host, ['threadAlone', '/run/file'], { as: 'nobody' });

    expect(seen).toEqual({ code: 'EPERM', message: 'unshare a netns for /run/file: EPERM' });
  });

  it.each([
    ['a directory', '/run', 'badPath'],
    ['a device', '/dev/null', 'badPath'],
    ['a link', '/proc/self/exe', 'ELOOP'],
    ['a netns', '/proc/self/ns/net', 'ELOOP'],
    ['nothing', '/run/nothing', 'ENOENT']
  ])('mounts no netns on %s', async (_, path, code) => {
    expect(await seenBy(host, ['threadAlone', path])).toMatchObject({ code });
  });
});
