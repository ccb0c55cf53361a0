import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, inspectNetnsPath } from '../../src/syscalls/nsfs.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-nsfs-'));
  writeFileSync(join(dir, 'plain'), '');
  symlinkSync('/proc/self/ns/net', join(dir, 'symlink'));
  execFileSync('mkfifo', [join(dir, 'fifo')]);
});

afterAll(() => rmSync(dir, { recursive: true }));

describe('inspectNetnsPath', () => {
  it.each([
    ['absent', 'absent'],
    ['plain', 'plain'],
    ['symlink', 'symlink'],
    ['fifo', 'other'],
    ['.', 'other']
  ])('knows %s', (name, kind) => {
    expect(inspectNetnsPath(join(dir, name))).toEqual({ kind });
  });

  it('names the path that it cannot look at', () => {
    const path = join(dir, 'plain', 'below');

    expect(() => inspectNetnsPath(path)).toThrow(`look at ${path}: ENOTDIR`);
  });
});

describe('inspect', () => {
  it('identifies a netns', () => {
    const fd = openSync('/proc/self/ns/net', 'r');

    const found = inspect(fd);
    closeSync(fd);
    expect(found).toMatchObject({ kind: 'netns' });
    expect(`net:[${'inode' in found ? found.inode : ''}]`).toBe(
      execFileSync('readlink', ['/proc/self/ns/net']).toString().trim()
    );
  });
});
