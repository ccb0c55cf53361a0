import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resultCache } from '../../../src/effects/cni/cache.ts';

const FIXTURE = fileURLToPath(new URL('cache.fixture.mjs', import.meta.url));
const key = { network: 'front', containerId: 'web', ifName: 'eth0' };

/** The cache directory of a process that was killed while it kept a result. */
function abandoned(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-cache-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const { signal, stderr } = spawnSync(process.execPath, [FIXTURE, dir], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(signal).toBe('SIGKILL');
  expect(readdirSync(join(dir, 'results'))).toEqual([expect.stringMatching(/^\..*\.tmp$/)]);
  return dir;
}

describe('a result whose writer was killed', () => {
  it('is none, and goes when the attachment does', () => {
    const dir = abandoned();
    const cache = resultCache(dir);
    expect(cache.read(key)).toBeUndefined();
    expect(cache.list()).toEqual([]);

    cache.remove(key);
    expect(readdirSync(join(dir, 'results'))).toEqual([]);
  });

  it('stays when another attachment goes', () => {
    const dir = abandoned();

    resultCache(dir).remove({ ...key, containerId: 'db' });
    expect(readdirSync(join(dir, 'results'))).toHaveLength(1);
  });
});
