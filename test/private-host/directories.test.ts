import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  runDirOf,
  runtimeDirOf,
  userConfDir,
  userRoot
} from '../../src/private-host/directories.ts';

const uid = process.getuid!();
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-dirs-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const made = (name: string, mode: number): string => {
  const path = join(dir, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
};

describe('a user’s own directories', () => {
  it('are those of the XDG specification', () => {
    const env = { HOME: '/home/tess', XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: '/config' };

    expect(userRoot(env)).toBe('/data/mooring');
    expect(userConfDir(env)).toBe('/config/cni/net.d');
    expect(userRoot({ HOME: '/home/tess', XDG_DATA_HOME: 'relative' })).toBe(
      '/home/tess/.local/share/mooring'
    );
    expect(userConfDir({ HOME: '/home/tess' })).toBe('/home/tess/.config/cni/net.d');
  });

  it('are not guessed without a home', () => {
    expect(() => userRoot({})).toThrow('neither HOME nor XDG_DATA_HOME');
  });

  it('have a name of their own in the runtime directory for each state directory', () => {
    const env = { HOME: '/home/tess' };

    expect(runDirOf('/run/user/1000', userRoot(env), env)).toBe('/run/user/1000/mooring');
    expect(runDirOf('/run/user/1000', '/srv/state', env)).toMatch(
      /^\/run\/user\/1000\/mooring\.[0-9a-f]{8}$/
    );
  });
});

describe('the runtime directory', () => {
  it('is what the environment says when that is the user’s alone', () => {
    const own = made('own', 0o700);

    expect(runtimeDirOf({ XDG_RUNTIME_DIR: own, TMPDIR: dir }, uid)).toBe(own);
  });

  it.each([
    ['open to others', 0o755],
    ['not to be entered', 0o600]
  ])('is not one that is %s: one below TMPDIR is made', (_, mode) => {
    const open = made('open', mode);
    const found = runtimeDirOf({ XDG_RUNTIME_DIR: open, TMPDIR: dir }, uid);

    expect(found).not.toBe(open);
  });

  it('is below TMPDIR, made for the user alone, when there is no other', () => {
    const found = runtimeDirOf({ XDG_RUNTIME_DIR: join(dir, 'missing'), TMPDIR: dir }, uid);

    expect([`/run/user/${uid}`, join(dir, `mooring-run-${uid}`)]).toContain(found);
  });

  it('is below the home when another user was quicker below TMPDIR', () => {
    made(`mooring-run-${uid}`, 0o777);
    const home = made('home', 0o755);

    expect([`/run/user/${uid}`, join(home, 'rundir')]).toContain(
      runtimeDirOf({ TMPDIR: dir, HOME: home }, uid)
    );
  });
});
