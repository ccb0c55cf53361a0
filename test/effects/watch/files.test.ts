import { EventEmitter, once } from 'node:events';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFiles, type FileChange, type FileWatch } from '../../../src/effects/watch/files.ts';
import { pointsOf } from '../../../src/effects/watch/file-points.ts';
import type { Failure } from '../../../src/model/failure.ts';

let root: string;
let open: FileWatch | undefined;

beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'mooring-watch-'));
});
afterEach(() => {
  open?.close();
  rmSync(root, { recursive: true });
});

const at = (path: string) => join(root, path);
const put = (path: string, text: string) => writeFileSync(at(path), text);

/**
 * `first` answers with the change that an act leads to; `changes` with all that there are when a
 * sentinel, changed after the act, has been seen: none where nothing is to be reported.
 */
function watching(paths: { resolvConf?: string; confDir?: string; netnsDir?: string }) {
  const seen: FileChange[] = [];
  const troubles: Failure[] = [];
  const told = new EventEmitter();
  mkdirSync(at('sentinel'));
  open = watchFiles({
    resolvConfs: paths.resolvConf === undefined ? [] : [at(paths.resolvConf)],
    confDirs: paths.confDir === undefined ? [] : [at(paths.confDir)],
    pluginDirs: [at('sentinel')],
    netnsDirs: paths.netnsDir === undefined ? [] : [at(paths.netnsDir)],
    onChange: (change) => {
      if (change.kind === 'plugins') told.emit('sentinel');
      else seen.push({ ...change, path: change.path.slice(root.length + 1) });
      told.emit('change');
    },
    onTrouble: (failure) => troubles.push(failure),
    quietMs: 20
  });
  let round = 0;

  return {
    troubles,
    async changes(act: () => void): Promise<readonly FileChange[]> {
      act();
      const sentinel = once(told, 'sentinel');
      put(`sentinel/${++round}`, '');
      await sentinel;
      return seen.splice(0);
    },
    async first(act: () => void): Promise<FileChange> {
      act();
      while (seen.length === 0) await once(told, 'change');
      return seen.splice(0)[0]!;
    }
  };
}

const conf = { kind: 'resolvConf', path: 'resolv.conf', names: [] };

describe('a watch on resolv.conf', () => {
  it('sees it written in place, replaced as editors do, removed and made again', async () => {
    put('resolv.conf', 'nameserver 1.1.1.1\n');
    const { first } = watching({ resolvConf: 'resolv.conf' });

    const written = await first(() => put('resolv.conf', 'nameserver 1.1.1.2\n'));
    const replaced = await first(() => {
      put('resolv.conf~', 'nameserver 1.1.1.3\n');
      renameSync(at('resolv.conf~'), at('resolv.conf'));
    });
    const again = await first(() => put('resolv.conf', 'nameserver 1.1.1.4\n'));
    const removed = await first(() => rmSync(at('resolv.conf')));
    const made = await first(() => put('resolv.conf', 'nameserver 1.1.1.5\n'));

    expect([written, replaced, again, removed, made]).toEqual([conf, conf, conf, conf, conf]);
  });

  it('sees it written where another directory has it, as when it is mounted there', async () => {
    mkdirSync(at('elsewhere'));
    put('elsewhere/resolv.conf', 'nameserver 1.1.1.1\n');
    linkSync(at('elsewhere/resolv.conf'), at('resolv.conf'));
    const { first } = watching({ resolvConf: 'resolv.conf' });

    const written = await first(() => put('elsewhere/resolv.conf', 'nameserver 1.1.1.2\n'));

    expect(written).toEqual(conf);
  });

  it('does not report what is the same, nor what stands beside it', async () => {
    put('resolv.conf', 'nameserver 1.1.1.1\n');
    const { first, changes } = watching({ resolvConf: 'resolv.conf' });

    expect(await changes(() => put('resolv.conf', 'nameserver 1.1.1.1\n'))).toEqual([]);
    expect(await changes(() => put('hosts', '127.0.0.1 localhost\n'))).toEqual([]);
    expect(await first(() => put('resolv.conf', 'search lan\n'))).toEqual(conf);
    expect(await changes(() => undefined)).toEqual([]);
  });

  it('follows a chain of links, each of which may be set anew', async () => {
    for (const name of ['a', 'b', 'run']) mkdirSync(at(name));
    put('run/real', 'nameserver 1.1.1.1\n');
    symlinkSync('../run/real', at('b/two'));
    symlinkSync(at('b/two'), at('a/one'));
    symlinkSync('a/one', at('resolv.conf'));
    const { first, changes } = watching({ resolvConf: 'resolv.conf' });

    const target = await first(() => put('run/real', 'nameserver 1.1.1.2\n'));
    const link = await first(() => {
      put('a/other', 'nameserver 1.1.1.3\n');
      symlinkSync('../a/other', at('b/new'));
      renameSync(at('b/new'), at('b/two'));
    });
    const newTarget = await first(() => put('a/other', 'nameserver 1.1.1.4\n'));
    const former = await changes(() => put('run/real', 'nameserver 1.1.1.9\n'));
    const broken = await first(() => rmSync(at('a/other')));

    expect([target, link, newTarget, former, broken]).toEqual([conf, conf, conf, [], conf]);
  });
});

describe('a watch on directories', () => {
  it('names the entries that came, went and changed', async () => {
    mkdirSync(at('net.d'));
    put('net.d/1.conflist', '{}');
    put('net.d/2.conflist', '{}');
    const { first } = watching({ confDir: 'net.d' });

    const all = await first(() => {
      put('net.d/1.conflist', '{"name":"x"}');
      rmSync(at('net.d/2.conflist'));
      put('net.d/3.conflist', '{}');
    });

    const names = ['1.conflist', '2.conflist', '3.conflist'];
    expect(all).toEqual({ kind: 'conflists', path: 'net.d', names });
  });

  it('waits for one that is made later, with its parents, and sees it taken away and made again', async () => {
    const { first } = watching({ confDir: 'etc/cni/net.d' });
    const add = (name: string) => () => {
      mkdirSync(at('etc/cni/net.d'), { recursive: true });
      put(`etc/cni/net.d/${name}`, '{}');
    };

    expect(await first(add('a'))).toMatchObject({ kind: 'conflists', names: ['a'] });
    expect(await first(() => rmSync(at('etc'), { recursive: true }))).toMatchObject({
      names: ['a']
    });
    expect(await first(add('b'))).toMatchObject({ names: ['b'] });
    expect(await first(add('c'))).toMatchObject({ names: ['c'] });
  });

  it('notices that another directory took its place', async () => {
    mkdirSync(at('net.d'));
    mkdirSync(at('new.d'));
    put('new.d/x', '');
    const { first, changes } = watching({ confDir: 'net.d' });

    const swapped = await first(() => {
      renameSync(at('net.d'), at('old.d'));
      renameSync(at('new.d'), at('net.d'));
    });

    expect(swapped).toMatchObject({ names: ['x'] });
    expect(await first(() => put('net.d/y', ''))).toMatchObject({ names: ['y'] });
    expect(await changes(() => put('old.d/z', ''))).toEqual([]);
  });

  it('knows a directory of netns by its names alone', async () => {
    mkdirSync(at('netns'));
    put('netns/mooring-web', '');
    const { first, changes } = watching({ netnsDir: 'netns' });

    expect(await changes(() => put('netns/mooring-web', 'x'))).toEqual([]);
    expect(await first(() => rmSync(at('netns/mooring-web')))).toEqual({
      kind: 'netnsDir',
      path: 'netns',
      names: ['mooring-web']
    });
  });
});

describe('the names on the way to a file', () => {
  it('end at a loop of links', () => {
    symlinkSync('two', at('one'));
    symlinkSync('one', at('two'));

    expect(pointsOf(at('one')).length).toBeLessThan(200);
  });
});
