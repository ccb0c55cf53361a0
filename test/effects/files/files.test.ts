import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EffectContext } from '../../../src/effects/effects.ts';
import { containerFiles, type FilesOfContainers } from '../../../src/effects/files/files.ts';
import type { ContainerSpec } from '../../../src/model/container.ts';
import type { FilesSubject } from '../../../src/effects/files/render.ts';

let root: string;
let files: FilesOfContainers;
let sharers: readonly { readonly id: string }[];
const at = (...parts: string[]) => join(root, ...parts);
const own = (name = '', id = 'web') => at('files', id, name);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mooring-files-'));
  mkdirSync(at('netns', 'mooring-own'), { recursive: true });
  writeFileSync(at('resolv.conf'), 'nameserver 10.0.0.53\nsearch corp.example\n');
  writeFileSync(at('hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  const paths = {
    resolvConf: at('resolv.conf'),
    resolved: at('resolved.conf'),
    netnsDir: at('netns'),
    hosts: at('hosts')
  };
  const names = {
    isInstalled: false,
    publish: () => Promise.resolve(),
    withdraw: () => Promise.resolve(),
    serverPid: () => undefined,
    hasEntries: () => false
  };
  sharers = [];
  files = containerFiles({
    ...{ dir: at('files'), paths, names },
    sharersOf: () => Promise.resolve(sharers)
  });
});
afterEach(() => rmSync(root, { recursive: true }));

const subject = (over: Partial<ContainerSpec> = {}, path = '/run/netns/mooring-web') =>
  ({
    spec: { id: 'web', networks: [{ network: 'front', ifName: 'eth0' }], ports: [], ...over },
    netns: { path, device: '4', inode: '1' },
    attachments: [
      {
        network: 'front',
        result: { cniVersion: '1.1.0', ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1' }] }
      }
    ]
  }) satisfies FilesSubject;

const write = (given: FilesSubject) =>
  files.effects['files.write'](
    { type: 'files.write', container: given.spec.id, ...given } as never,
    {} as EffectContext
  );
const resolvConf = () => readFileSync(own('resolv.conf'), 'utf8');
const reason = async (given: FilesSubject) =>
  (await write(given)) as { failure?: { code: string; message: string } };

describe('files.write', () => {
  it('renders both files, readable by all below directories that only root enters', async () => {
    const fact = await write(
      subject({ networks: [{ network: 'front', ifName: 'eth0', aliases: ['w'] }] })
    );

    expect(fact).toEqual({
      type: 'files.written',
      container: 'web',
      files: { resolvConf: own('resolv.conf'), hosts: own('hosts') }
    });
    expect(resolvConf()).toBe('search corp.example\nnameserver 10.0.0.53\n');
    expect(readFileSync(own('hosts'), 'utf8')).toContain('\n10.88.0.2\tweb w\n');
    expect(
      [own(), own('hosts'), own('resolv.conf')].map((path) => statSync(path).mode & 0o777)
    ).toEqual([0o700, 0o644, 0o644]);
  });

  it('keeps the inode, shrinks what has become shorter, and leaves alone what is right', async () => {
    await write(
      subject({ dns: { servers: ['2001:db8::1', '2001:db8::2'], search: [], options: [] } })
    );
    const first = statSync(own('resolv.conf'), { bigint: true });
    await write(subject({ dns: { servers: ['1.1.1.1'], search: ['.'], options: [] } }));
    const second = statSync(own('resolv.conf'), { bigint: true });
    await write(subject({ dns: { servers: ['1.1.1.1'], search: ['.'], options: [] } }));
    const third = statSync(own('resolv.conf'), { bigint: true });

    expect(resolvConf()).toBe('nameserver 1.1.1.1\n');
    expect(second.ino).toBe(first.ino);
    expect(third.mtimeNs).toBe(second.mtimeNs);
  });

  it.each<[string, () => void, string, string]>([
    [
      'takes the servers behind the stub of systemd-resolved',
      () => {
        writeFileSync(at('resolv.conf'), 'nameserver 127.0.0.53\noptions edns0 trust-ad\n');
        writeFileSync(at('resolved.conf'), 'nameserver 10.1.0.1\nsearch up.example\n');
      },
      '/run/netns/mooring-web',
      'search up.example\nnameserver 10.1.0.1\n'
    ],
    [
      'takes public servers when there is no other',
      () => writeFileSync(at('resolv.conf'), 'nameserver 127.0.0.53\n'),
      '/run/netns/mooring-web',
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\n'
    ],
    [
      'takes the file of the netns, as it is',
      () => writeFileSync(at('netns', 'mooring-own', 'resolv.conf'), 'nameserver 127.0.0.1\n'),
      '/run/netns/mooring-own',
      'nameserver 127.0.0.1\n'
    ],
    [
      'does not look for one of a netns below /proc',
      () => writeFileSync(at('netns', 'mooring-own', 'resolv.conf'), 'nameserver 11.11.11.11\n'),
      '/proc/1/mooring-own',
      'search corp.example\nnameserver 10.0.0.53\n'
    ],
    [
      'does without a resolv.conf of the host',
      () => rmSync(at('resolv.conf')),
      '/run/netns/mooring-web',
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\n'
    ]
  ])('%s', async (_, prepare, path, expected) => {
    prepare();
    await write(subject({}, path));

    expect(resolvConf()).toBe(expected);
  });

  it('takes the host’s own file for a container on the host’s network, stub and all', async () => {
    const text = 'nameserver 127.0.0.53\nsortlist 1.2.3.4\n';
    writeFileSync(at('resolv.conf'), text);
    writeFileSync(at('resolved.conf'), 'nameserver 10.1.0.1\n');
    const onHost = { ...subject({ networks: [], namespace: { kind: 'host' } }), attachments: [] };
    await write(onHost);

    expect(resolvConf()).toBe(text);
  });

  it('makes no resolv.conf without a network, and keeps one that is there', async () => {
    const none = { ...subject({ networks: [] }), attachments: [] };
    const before = await write(none);
    await write(subject());
    const after = await write(none);

    expect(before).toMatchObject({ files: { resolvConf: null, hosts: own('hosts') } });
    expect(after).toMatchObject({ files: { resolvConf: own('resolv.conf') } });
  });

  it('makes what is wanted and nothing else', async () => {
    const fact = await write(subject({ dns: 'none', hosts: { none: true } }));

    expect(fact).toMatchObject({ files: { resolvConf: null, hosts: null } });
    expect(existsSync(own())).toBe(false);
  });

  it('gives a sharer the files of the one it shares with', async () => {
    await write(subject());
    const sharer = subject({
      id: 'sharer',
      networks: [],
      namespace: { kind: 'container', container: 'web' }
    });

    expect(await write(sharer)).toMatchObject({
      files: { resolvConf: own('resolv.conf'), hosts: own('hosts') }
    });
    expect(existsSync(own('', 'sharer'))).toBe(false);
  });

  it('tells the names of those that share its netns', async () => {
    sharers = [{ id: 'sharer' }];
    await write(subject());

    expect(readFileSync(own('hosts'), 'utf8')).toContain('10.88.0.2\tweb\n10.88.0.2\tsharer\n');
  });

  it('begins with another hosts file, which must exist', async () => {
    writeFileSync(at('other'), '10.9.9.9 nas\n');
    await write(subject({ hosts: { file: at('other') } }));

    expect(readFileSync(own('hosts'), 'utf8')).toMatch(/^10\.9\.9\.9 nas\n/);
    expect(await reason(subject({ hosts: { file: at('nowhere') } }))).toMatchObject({
      failure: { code: 'hosts.noFile' }
    });
  });

  it.each<[string, () => void, string]>([
    ['a link', () => symlinkSync(at('hosts'), own('resolv.conf')), 'files.badFile'],
    [
      'a second name of another file',
      () => linkSync(at('hosts'), own('resolv.conf')),
      'files.badFile'
    ],
    ['a directory', () => mkdirSync(own('resolv.conf')), 'files.badFile'],
    ['a directory that others write to', () => chmodSync(own(), 0o777), 'files.badDirectory']
  ])('writes nothing through %s', async (_, prepare, code) => {
    mkdirSync(own(), { recursive: true });
    prepare();

    expect(await reason(subject())).toMatchObject({ type: 'files.writeFailed', failure: { code } });
    expect(readFileSync(at('hosts'), 'utf8')).toBe('127.0.0.1 localhost\n::1 localhost\n');
  });

  it('writes nothing through a link in place of the container’s directory', async () => {
    mkdirSync(at('files'));
    symlinkSync(at('netns'), own());

    expect(await reason(subject())).toMatchObject({ failure: { code: 'files.badDirectory' } });
    await expect(files.remove('web')).rejects.toMatchObject({ code: 'files.badDirectory' });
    expect(readdirSync(at('netns'))).toEqual(['mooring-own']);
  });
});

describe('remove', () => {
  it('removes exactly the files, once and again', async () => {
    await write(subject());
    writeFileSync(own('note'), 'mine');
    await files.remove('web');
    await files.remove('web');
    const left = readdirSync(own());
    rmSync(own('note'));
    await files.remove('web');

    expect(left).toEqual(['note']);
    expect(readdirSync(at('files'))).toEqual([]);
  });
});

describe('areStale', () => {
  it('tells whether the host’s files have changed what they should say', async () => {
    const states = [files.areStale(subject())];
    await write(subject());
    states.push(files.areStale(subject()));
    writeFileSync(at('resolv.conf'), 'nameserver 10.0.0.53 # the same\nsearch corp.example\n');
    states.push(files.areStale(subject()));
    writeFileSync(at('resolv.conf'), 'nameserver 10.0.0.54\n');
    states.push(files.areStale(subject()));

    expect(states).toEqual([true, false, false, true]);
  });
});
