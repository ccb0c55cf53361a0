import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkStanding } from '../../../src/effects/networks/standing.ts';

describe('networks that are held', () => {
  let dir = '';
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'mooring-standing-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const define = (name: string) =>
    writeFileSync(join(dir, `${name}.conflist`), `{"name":"${name}","plugins":[{"type":"ptp"}]}`);

  it('pass while they stand', async () => {
    define('front');

    await expect(checkStanding(dir, ['front'])).resolves.toBeUndefined();
  });

  it('need no directory when there are none', async () => {
    await expect(checkStanding(join(dir, 'none'), [])).resolves.toBeUndefined();
  });

  it('are refused when one was removed before it was held', async () => {
    define('front');
    define('back');
    rmSync(join(dir, 'back.conflist'));

    await expect(checkStanding(dir, ['front', 'back'])).rejects.toEqual(
      expect.objectContaining({
        code: 'network.notFound',
        message: `network back: not found in ${dir}`
      })
    );
  });
});
