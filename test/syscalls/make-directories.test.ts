import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeDirectories } from '../../src/syscalls/make-directories.ts';

const folder = mkdtempSync(join(tmpdir(), 'mooring-directories-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('makes all that are missing, with the mode', () => {
  makeDirectories(join(folder, 'one/two'), 0o700);
  makeDirectories(join(folder, 'one/two/three'), 0o755);
  makeDirectories(join(folder, 'one/two/three'), 0o700);
  symlinkSync('one', join(folder, 'link'));
  makeDirectories(join(folder, 'link'), 0o700);
  makeDirectories(join(folder, 'link/four'), 0o700);

  const modes = ['one', 'one/two', 'one/two/three', 'one/four'].map((path) =>
    (statSync(join(folder, path)).mode & 0o777).toString(8)
  );
  expect(modes).toEqual(['700', '700', '755', '700']);
});

it.each([
  ['below /proc', '/proc/nowhere/here', 'ENOENT'],
  ['below a file', join(folder, 'file/here'), 'ENOTDIR'],
  ['in place of a file', join(folder, 'file'), 'EEXIST'],
  ['below a link to nothing', join(folder, 'dangling/here'), 'EEXIST']
])('says why it can make none %s', (_, path, code) => {
  writeFileSync(join(folder, 'file'), '');
  rmSync(join(folder, 'dangling'), { force: true });
  symlinkSync('nothing', join(folder, 'dangling'));

  expect(() => makeDirectories(path, 0o700)).toThrow(expect.objectContaining({ code }));
});
