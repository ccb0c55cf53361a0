import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { enter } from '../../src/cli/enter.ts';

describe('enter', () => {
  it('refuses a netns that is not the recorded one', async () => {
    const { dev } = await stat('/proc/self/ns/net', { bigint: true });
    const netns = { path: '/proc/self/ns/net', device: String(dev), inode: '1' };

    await expect(
      enter({ netns, files: null, hostname: undefined }, ['true'])
    ).rejects.toMatchObject({ code: 'netns.replaced' });
  });

  it('refuses a netns that is gone', async () => {
    const netns = { path: '/run/netns/mooring-nowhere', device: '4', inode: '1' };

    await expect(
      enter({ netns, files: null, hostname: undefined }, ['true'])
    ).rejects.toMatchObject({ code: 'netns.gone' });
  });
});
