import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findings } from '../../src/effects/doctor.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mooring-doctor-'));
});

afterEach(() => rm(dir, { recursive: true }));

describe('findings', () => {
  it('finds a plugin in the first directory that has it as an executable file', async () => {
    await mkdir(join(dir, 'one', 'portmap'), { recursive: true });
    await mkdir(join(dir, 'two'));
    await writeFile(join(dir, 'one', 'bridge'), 'not executable');
    for (const name of ['bridge', 'portmap']) await program(join(dir, 'two', name));

    const found = await needs(['one', 'two']);

    expect(found('CNI plugin bridge')).toMatchObject({
      found: true,
      detail: join(dir, 'two', 'bridge')
    });
    expect(found('CNI plugin portmap')).toMatchObject({ found: true });
  });

  it('names the Debian package of what is missing', async () => {
    const found = await needs([]);

    expect(found('CNI plugin firewall')).toMatchObject({
      found: false,
      required: true,
      remedy: 'apt-get install containernetworking-plugins'
    });
    expect(found('CNI plugin loopback')).toMatchObject({ found: false, required: false });
  });

  it('accepts directories that can be made, and makes none', async () => {
    const found = await needs([]);
    const again = await needs([]);

    for (const name of ['state directory', 'netns directory', 'conflist directory']) {
      expect(found(name)).toMatchObject({ found: true });
      expect(again(name)?.detail).toContain('made when it is needed');
    }
  });

  it('refuses a file in the place of a directory', async () => {
    await writeFile(join(dir, 'root'), '');

    const found = await needs([]);

    expect(found('state directory')).toMatchObject({
      found: false,
      required: true,
      detail: `${join(dir, 'root')} is no directory`
    });
  });

  it('finds this Node and network namespaces', async () => {
    const found = await needs([]);

    expect(found('Node')).toMatchObject({ found: true });
    expect(found('network namespaces')).toMatchObject({ found: true });
  });
});

async function needs(pluginDirs: readonly string[]) {
  const all = await findings({
    root: join(dir, 'root'),
    confDir: join(dir, 'etc/cni/net.d'),
    pluginDirs: pluginDirs.map((name) => join(dir, name)),
    runDir: join(dir, 'run/netns')
  });
  return (need: string) => all.find((finding) => finding.need === need);
}

async function program(path: string): Promise<void> {
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
}
