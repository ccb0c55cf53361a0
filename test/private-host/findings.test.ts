import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findings } from '../../src/effects/doctor.ts';
import { privateHostFindings } from '../../src/private-host/findings.ts';

const user = { uid: 1000, name: 'tess' };
const TOOLS = ['newuidmap', 'newgidmap', 'unshare', 'nsenter', 'setpriv'];
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-findings-'));
  for (const tool of TOOLS) {
    write(`bin/${tool}`, '');
    chmodSync(join(dir, `bin/${tool}`), 0o755);
  }
  write('etc/subuid', 'tess:100000:65536\n');
  write('etc/subgid', 'tess:100000:65536\n');
  write('tun', '');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

function found() {
  const paths = { etc: join(dir, 'etc'), sysctls: join(dir, 'sys'), toolDirs: [join(dir, 'bin')] };
  return privateHostFindings(user, { ...paths, tun: join(dir, 'tun') });
}

const need = (name: string) => found().find((finding) => finding.need === name);

describe('what doctor says to a user without root', () => {
  it('is that all is there', () => {
    expect(found().filter((finding) => !finding.found)).toEqual([]);
  });

  it('names what is missing with the command that puts it right', () => {
    rmSync(join(dir, 'bin/newgidmap'));
    write('etc/subuid', '');
    write('sys/user/max_user_namespaces', '0\n');
    rmSync(join(dir, 'tun'));

    expect(need('id mapping')?.remedy).toBe('sudo apt-get install uidmap');
    expect(need('subordinate ids')?.remedy).toContain('usermod --add-subuids');
    expect(need('user namespaces')?.remedy).toBe('sudo sysctl -w user.max_user_namespaces=15000');
    expect(need('tun device')?.remedy).toBe('sudo modprobe tun');
    expect(need('entering namespaces')?.found).toBe(true);
  });

  it('names the profile that AppArmor may need', () => {
    write('sys/kernel/apparmor_restrict_unprivileged_userns', '1\n');

    expect(need('user namespaces')).toMatchObject({ found: true });
    expect(need('user namespaces')?.detail).toContain('apparmor_restrict_unprivileged_userns is 1');
  });

  it('takes the place of privileges and of what a private host has for itself', async () => {
    const dirs = { root: join(dir, 'root'), confDir: join(dir, 'net.d'), pluginDirs: [] };
    const all = await findings({ ...dirs, runDir: '/run/netns', privateHost: found() });
    const needs = all.map((finding) => finding.need);

    expect(needs).toContain('subordinate ids');
    expect(needs).toContain('slirp4netns');
    for (const name of ['privileges', 'netns directory', 'ip_forward']) {
      expect(needs).not.toContain(name);
    }
  });
});
