import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apparmorRestricts, lackError, lacks } from '../../src/private-host/preconditions.ts';

const user = { uid: 1000, name: 'tess' };
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-needs-'));
  for (const tool of ['newuidmap', 'newgidmap', 'unshare', 'nsenter', 'setpriv']) {
    write(`bin/${tool}`, '');
    chmodSync(join(dir, `bin/${tool}`), 0o755);
  }
  write('etc/subuid', 'other:1:2\ntess:100000:65536\n');
  write('etc/subgid', '1000:100000:65536\n');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

const found = (who: Parameters<typeof lacks>[0] = user) => lacks(who, paths());
const paths = () => ({
  etc: join(dir, 'etc'),
  sysctls: join(dir, 'sys'),
  toolDirs: [join(dir, 'bin')]
});

describe('what a private host needs', () => {
  it('is there with ranges of ids by name or by number, and the tools', () => {
    expect(found()).toEqual([]);
  });

  it.each([
    ['subuid', 'rootless.noSubuids', '--add-subuids'],
    ['subgid', 'rootless.noSubgids', '--add-subgids']
  ])('lacks a range in %s', (file, code, option) => {
    write(`etc/${file}`, 'tess:100000:0\nother:1:2\nbroken\n');
    const [lack] = found();

    expect(lack?.code).toBe(code);
    expect(lackError(lack!).message).toContain(`sudo usermod ${option} 100000-165535 tess`);
  });

  it('takes the ranges for given when they come from elsewhere', () => {
    write('etc/subuid', '');
    write('etc/nsswitch.conf', 'passwd: files\nsubid: sss\n');

    expect(found()).toEqual([]);
  });

  it('names a user without a name by number', () => {
    write('etc/subgid', '');

    expect(found({ uid: 7, name: undefined })[0]?.remedy).toMatch(/ 7$/);
  });

  it.each(['user.max_user_namespaces', 'kernel.unprivileged_userns_clone'])(
    'is refused by %s, and by that before all else',
    (name) => {
      write(`sys/${name.replaceAll('.', '/')}`, '0\n');
      write('etc/subuid', '');

      expect(found().map(({ code }) => code)).toEqual([
        'rootless.noUserNamespaces',
        'rootless.noSubuids'
      ]);
      expect(found()[0]?.remedy).toContain(`sysctl -w ${name}=`);
    }
  );

  it('lacks a tool, and says which package has it', () => {
    rmSync(join(dir, 'bin/newuidmap'));

    expect(found()[0]).toMatchObject({
      code: 'rootless.noNewuidmap',
      remedy: 'sudo apt-get install uidmap'
    });
  });

  it('is likely refused by AppArmor when it says so', () => {
    expect(apparmorRestricts(paths())).toBe(false);
    write('sys/kernel/apparmor_restrict_unprivileged_userns', '1\n');
    expect(apparmorRestricts(paths())).toBe(true);
  });
});
