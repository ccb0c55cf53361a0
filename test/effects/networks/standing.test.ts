import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkStanding } from '../../../src/effects/networks/standing.ts';

describe('checkStanding', () => {
  let dir = '';
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'mooring-standing-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const define = (name: string) =>
    writeFileSync(join(dir, `${name}.conflist`), `{"name":"${name}","plugins":[{"type":"ptp"}]}`);

  it('passes while they stand', async () => {
    define('front');

    await expect(checkStanding(dir, ['front'])).resolves.toBeUndefined();
    await expect(checkStanding(dir, [])).resolves.toBeUndefined();
  });

  it('refuses when one was removed', async () => {
    define('front');

    await expect(checkStanding(dir, ['front', 'back'])).rejects.toMatchObject({
      code: 'network.notFound',
      message: `network back: not found in ${dir}`
    });
  });
});
