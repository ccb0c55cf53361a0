import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConflist, loadConflists } from '../../../src/effects/cni/conflists.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-net.d-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(file: string, content: unknown): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), typeof content === 'string' ? content : JSON.stringify(content));
}
const list = (name: string, ...types: string[]) => ({
  cniVersion: '1.0.0',
  name,
  plugins: types.map((type) => ({ type }))
});
const single = (name: string, type = 'bridge') => ({ cniVersion: '0.3.1', name, type });

async function load() {
  const { networks, problems } = await loadConflists(dir);
  return {
    names: networks.map(({ conflist }) => conflist.name),
    problems: problems.map(({ code, file, network }) => ({
      code,
      file: file.slice(dir.length + 1),
      network
    }))
  };
}
const types = async (name: string) =>
  (await findConflist(dir, name)).conflist.plugins.map(({ type }) => type);

describe('loading a directory', () => {
  it('takes lists by name of file, then single configurations', async () => {
    put('20-b.conflist', list('b', 'bridge'));
    put('10-c.conflist', list('c', 'bridge'));
    put('00-a.conf', single('a'));
    put('05-d.json', single('d'));
    put('notes.txt', 'x');

    expect(await load()).toEqual({ names: ['c', 'b', 'a', 'd'], problems: [] });
    expect(await findConflist(dir, 'a')).toMatchObject({
      kind: 'single',
      file: join(dir, '00-a.conf'),
      mtimeMs: expect.any(Number) as number,
      ctimeMs: expect.any(Number) as number
    });
    expect(await findConflist(dir, 'b')).toMatchObject({ kind: 'list' });
  });

  it('prefers a list to a single configuration of its name, and says so', async () => {
    put('00-front.conf', single('front', 'macvlan'));
    put('99-front.conflist', list('front', 'bridge'));

    expect(await types('front')).toEqual(['bridge']);
    expect((await load()).problems).toEqual([
      { code: 'conflist.duplicateName', file: '00-front.conf', network: 'front' }
    ]);
    rmSync(join(dir, '99-front.conflist'));
    expect(await types('front')).toEqual(['macvlan']);
  });

  it('takes the first of two lists of one name', async () => {
    put('10.conflist', list('front', 'bridge'));
    put('20.conflist', list('front', 'macvlan'));

    expect(await types('front')).toEqual(['bridge']);
    expect((await loadConflists(dir)).problems[0]?.message).toBe(
      `${join(dir, '20.conflist')}: network front is defined by ${join(dir, '10.conflist')} already`
    );
  });

  it('hides no network behind a broken file', async () => {
    put('00-bad.conflist', '{');
    put('01-noname.conflist', { plugins: [{ type: 'bridge' }] });
    put('02-badname.conflist', list('foo ', 'bridge'));
    put('03-noplugins.conflist', { name: 'empty' });
    put('04-notype.conf', { name: 'typeless' });
    mkdirSync(join(dir, '05-dir.conflist'));
    symlinkSync('/nonexistent', join(dir, '06-dangling.conflist'));
    spawnSync('mkfifo', [join(dir, '07-fifo.conflist')]);
    put('08-large.conflist', ' '.repeat(1024 * 1024 + 1));
    put('99-front.conflist', list('front', 'bridge'));

    const { names, problems } = await load();
    expect(names).toEqual(['front']);
    expect(problems.map(({ code, file }) => `${file} ${code}`)).toEqual([
      '00-bad.conflist conflist.badJson',
      '01-noname.conflist conflist.badName',
      '02-badname.conflist conflist.badName',
      '03-noplugins.conflist conflist.noPlugins',
      '05-dir.conflist conflist.unreadable',
      '06-dangling.conflist conflist.unreadable',
      '07-fifo.conflist conflist.unreadable',
      '08-large.conflist conflist.tooLarge',
      '04-notype.conf conflist.badPlugin'
    ]);
  });

  it('looks at no nested directory for networks', async () => {
    put('nested/10-front.conflist', list('front', 'bridge'));
    put('nested/20-back.conf', single('back'));

    expect(await load()).toEqual({ names: [], problems: [] });
  });

  it('finds none where there is no directory, and fails where there is another thing', async () => {
    expect(await loadConflists(join(dir, 'absent'))).toEqual({ networks: [], problems: [] });
    put('file', '');
    await expect(loadConflists(join(dir, 'file'))).rejects.toThrow(
      expect.objectContaining({ code: 'conflist.unreadable' })
    );
  });
});

describe('plugins of the sub-directory', () => {
  beforeEach(() => {
    put('front/20-portmap.conf', { type: 'portmap' });
    put('front/10-tuning.conf', { type: 'tuning' });
    put('front/ignored.json', { type: 'ignored' });
  });

  it('are appended in the order of their files', async () => {
    put('10.conflist', list('front', 'bridge'));
    expect(await types('front')).toEqual(['bridge', 'tuning', 'portmap']);
  });

  it('stand alone when the list has none', async () => {
    put('10.conflist', { name: 'front' });
    expect(await types('front')).toEqual(['tuning', 'portmap']);
  });

  it('are left out when the list says so', async () => {
    put('10.conflist', { ...list('front', 'bridge'), loadOnlyInlinedPlugins: true });
    expect(await types('front')).toEqual(['bridge']);
  });

  it('may be none, and their directory absent', async () => {
    put('10.conflist', list('back', 'bridge'));
    expect(await types('back')).toEqual(['bridge']);
    mkdirSync(join(dir, 'back'));
    expect(await types('back')).toEqual(['bridge']);
  });

  it('make the network unusable when one is broken, rather than be left out', async () => {
    put('10.conflist', list('front', 'bridge'));
    put('front/30-bad.conf', '{');

    await expect(findConflist(dir, 'front')).rejects.toThrow(
      expect.objectContaining({
        code: 'conflist.badJson',
        message: expect.stringContaining(
          `network front: ${join(dir, 'front/30-bad.conf')}`
        ) as string
      })
    );
  });
});

describe('looking up a network', () => {
  it.each([
    ['the directory is absent', () => {}],
    ['no file has its name', () => put('10.conflist', list('back', 'bridge'))]
  ])('says where it was not found when %s', async (_, arrange) => {
    arrange();
    await expect(findConflist(dir, 'front')).rejects.toThrow(
      expect.objectContaining({
        code: 'network.notFound',
        message: `network front: not found in ${dir}`
      })
    );
  });

  it('says what is wrong when only a broken file has its name', async () => {
    put('10.conflist', '{"name": "front", "plugins": [');

    await expect(findConflist(dir, 'front')).rejects.toThrow(
      expect.objectContaining({ code: 'conflist.badJson' })
    );
    await expect(findConflist(dir, 'back')).rejects.toThrow(`network back: not found in ${dir}`);
  });

  it('mentions files that might have had it', async () => {
    put('10.conflist', '{');

    await expect(findConflist(dir, 'front')).rejects.toThrow('10.conflist: it is not JSON');
  });
});

describe('loading again', () => {
  // As old as files are that nobody is writing.
  const age = () => execFileSync('sleep', ['0.06']);

  it('sees a file that was changed, added, removed or replaced, however soon', async () => {
    put('10-a.conflist', list('a', 'bridge'));
    age();
    expect(await load()).toMatchObject({ names: ['a'] });
    expect(await load()).toMatchObject({ names: ['a'] });

    for (let round = 0; round < 50; round += 1) {
      put('10-a.conflist', list(`b${round % 10}`, 'bridge'));
      expect(await load()).toMatchObject({ names: [`b${round % 10}`] });
      put('20-c.conflist', list('c', 'bridge'));
      expect(await load()).toMatchObject({ names: [`b${round % 10}`, 'c'] });
      rmSync(join(dir, '20-c.conflist'));
      expect(await load()).toMatchObject({ names: [`b${round % 10}`] });
    }
  });

  it('sees a change that keeps size and mtime', async () => {
    put('10-a.conflist', list('a', 'bridge'));
    utimesSync(join(dir, '10-a.conflist'), 1000, 1000);
    age();
    await load();
    put('10-a.conflist', list('b', 'bridge'));
    utimesSync(join(dir, '10-a.conflist'), 1000, 1000);

    expect(await load()).toMatchObject({ names: ['b'] });
  });

  it('sees what a sub-directory adds, changes and takes away', async () => {
    put('10-a.conflist', list('a', 'bridge'));
    age();
    expect(await types('a')).toEqual(['bridge']);
    put('a/10.conf', { type: 'tuning' });
    expect(await types('a')).toEqual(['bridge', 'tuning']);
    age();
    expect(await types('a')).toEqual(['bridge', 'tuning']);
    put('a/10.conf', { type: 'portmap' });
    expect(await types('a')).toEqual(['bridge', 'portmap']);
    rmSync(join(dir, 'a/10.conf'));
    expect(await types('a')).toEqual(['bridge']);
  });

  it('tells of a broken file each time', async () => {
    put('10-a.conflist', '{ "name": "a"');
    age();
    const broken = { names: [], problems: [{ code: 'conflist.badJson', network: 'a' }] };

    expect(await load()).toMatchObject(broken);
    expect(await load()).toMatchObject(broken);
  });
});
