import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { symlinkSync, truncateSync, writeFileSync, chmodSync, lstatSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { embeddedStore } from '../../../src/store/embedded/embedded.ts';
import { layoutOf } from '../../../src/store/embedded/layout.ts';
import { collect, commitOf, countIn, keyOf, seqsOf } from '../commits.ts';
import { commitAll, folder, opened } from './sandbox.ts';

const web = keyOf('web');

async function withThreeRecords() {
  const root = folder();
  const store = await opened({ root });
  await commitAll(store, web, [1, 2, 3]);
  const path = layoutOf(root).journalOf(web);
  const whole = readFileSync(path);
  return { root, store, path, whole, lastLine: whole.lastIndexOf('\n', whole.length - 2) + 1 };
}

describe('a journal cut off in its last record', () => {
  it('is the journal before that record, wherever the cut is', async () => {
    const { store, path, whole, lastLine } = await withThreeRecords();
    for (let bytes = lastLine; bytes < whole.length; bytes += 1) {
      truncateSync(path, bytes);
      expect(countIn(await store.load(web))).toBe(2);
      expect(await seqsOf(store.journal(web))).toEqual([1, 2]);

      await commitAll(store, web, [4]);
      expect(await seqsOf(store.journal(web))).toEqual([1, 2, 3]);
      expect(countIn(await store.load(web))).toBe(4);
      writeFileSync(path, whole);
    }
  });

  it('is no actor when it was cut in the first', async () => {
    const { store, path } = await withThreeRecords();
    truncateSync(path, 20);

    expect(await store.load(web)).toBeUndefined();
    expect(await store.list('container')).toEqual([]);
    await commitAll(store, web, [7]);
    expect(await seqsOf(store.journal(web))).toEqual([1]);
  });
});

describe('a journal that was changed', () => {
  it('is refused, naming file and line, whichever byte of the last record it is', async () => {
    const { store, path, whole, lastLine } = await withThreeRecords();
    for (let at = lastLine; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x01;
      writeFileSync(path, changed);
      await expect(store.load(web)).rejects.toMatchObject({
        code: 'store.corrupt',
        message: expect.stringContaining(`${path} line 3`)
      });
    }
  });

  it('is refused by whoever reads all of it, and written to by nobody', async () => {
    const { store, path, whole } = await withThreeRecords();
    whole[whole.indexOf('"count":2') + 8]! ^= 0x01;
    writeFileSync(path, whole);

    await expect(collect(store.journal(web))).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining(`${path} line 2`)
    });
  });

  it('takes no commit, keeps the others readable, and can be put away', async () => {
    const { root, store: before, path, whole } = await withThreeRecords();
    await commitAll(before, keyOf('db'), [1]);
    const store = await opened({ root });
    whole[whole.length - 60]! ^= 0x01;
    writeFileSync(path, whole);

    const lease = await store.acquire(web, { timeoutMs: 1000 });
    await expect(store.commit(lease, commitOf(4))).rejects.toMatchObject({ code: 'store.corrupt' });
    expect(readFileSync(path)).toEqual(whole);
    expect(await store.list('container')).toMatchObject([
      { key: { id: 'db' }, actor: { seq: 1 } },
      { key: { id: 'web' }, failure: { code: 'store.corrupt' } }
    ]);

    await store.forget(lease);
    expect(await store.load(web)).toBeUndefined();
  });

  it.each([
    ['a record left out', (lines: string[]) => [lines[0], lines[2]], 2],
    ['records swapped', (lines: string[]) => [lines[1], lines[0], lines[2]], 3],
    ['the first left out', (lines: string[]) => lines.slice(2), undefined]
  ])('is not taken for whole with %s', async (_, edit, line) => {
    const { store, path, whole } = await withThreeRecords();
    const lines = whole.toString().trimEnd().split('\n');
    writeFileSync(path, `${edit(lines).join('\n')}\n`);

    if (line === undefined) expect(await seqsOf(store.journal(web))).toEqual([3]);
    else await expect(store.load(web)).rejects.toThrow(`line ${line}`);
  });

  it('is refused as the journal of another actor', async () => {
    const { root, store, whole } = await withThreeRecords();
    writeFileSync(layoutOf(root).journalOf(keyOf('db')), whole, { mode: 0o600 });

    await expect(store.load(keyOf('db'))).rejects.toThrow('belongs to container/web');
  });
});

describe('a directory', () => {
  const refused = (root: string, code: string) =>
    expect(embeddedStore({ root })).rejects.toMatchObject({ code });

  it('is made private, and so are its files', async () => {
    const root = join(folder(), 'deep', 'store');
    await commitAll(await opened({ root }), web, [1]);

    const modes = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => {
      const stat = lstatSync(join(root, name));
      return stat.isDirectory() ? (stat.mode & 0o777) === 0o700 : (stat.mode & 0o777) === 0o600;
    });
    expect(new Set(modes)).toEqual(new Set([true]));
    expect(lstatSync(root).mode & 0o777).toBe(0o700);
  });

  it('is refused when it is a link, a file, or another user may write to it', async () => {
    const parent = folder();
    symlinkSync(folder(), join(parent, 'link'));
    writeFileSync(join(parent, 'file'), '');
    mkdirSync(join(parent, 'open'));
    chmodSync(join(parent, 'open'), 0o777);

    await refused(join(parent, 'link'), 'store.badRoot');
    await refused(`${join(parent, 'link')}/`, 'store.badRoot');
    await refused(join(parent, 'file'), 'store.badRoot');
    await refused(join(parent, 'open'), 'store.badRoot');
  });

  it.runIf(process.getuid!() === 0)("is refused when it is another user's", async () => {
    const root = folder();
    execFileSync('chown', ['65534', root]);

    await refused(root, 'store.badRoot');
  });

  it.each(['journal', 'locks', 'history', 'allocations'])(
    'is refused when %s in it is a link',
    async (name) => {
      const root = folder();
      symlinkSync(folder(), join(root, name));

      await refused(root, 'store.badRoot');
    }
  );

  it('is refused when a later version made it', async () => {
    const root = folder();
    writeFileSync(join(root, 'format'), '{"format":2}\n', { mode: 0o600 });

    await refused(root, 'store.badFormat');
    expect(existsSync(join(root, 'journal', 'x'))).toBe(false);
  });

  it('keeps nothing of a name that is no name', async () => {
    const store = await opened({ root: folder() });

    for (const id of ['../web', '', '.web', 'a/b', 'a\0b', 'x'.repeat(129)]) {
      await expect(store.load(keyOf(id))).rejects.toMatchObject({ code: 'container.badId' });
      await expect(store.tryAcquire(keyOf(id))).rejects.toMatchObject({ code: 'container.badId' });
    }
    await expect(store.allocations('../port')).rejects.toMatchObject({ code: 'store.badKey' });
  });
});

describe('a link or FIFO put in the way of a file', () => {
  it('is not followed, and what it points to is left as it is', async () => {
    const root = folder();
    const store = await opened({ root });
    const layout = layoutOf(root);
    const victim = join(folder(), 'victim');
    writeFileSync(victim, 'precious');
    const allocation = layout.allocationOf('port');

    symlinkSync(victim, layout.journalOf(keyOf('journal')));
    symlinkSync(victim, layout.lockOf(keyOf('lock')));
    symlinkSync(victim, allocation.file);
    execFileSync('mkfifo', ['-m', '600', layout.journalOf(keyOf('fifo'))]);

    for (const id of ['journal', 'fifo']) {
      await expect(store.load(keyOf(id))).rejects.toMatchObject({ code: 'store.badFile' });
      await expect(commitAll(store, keyOf(id), [1])).rejects.toMatchObject({
        code: 'store.badFile'
      });
    }
    await expect(store.tryAcquire(keyOf('lock'))).rejects.toMatchObject({ code: 'store.badFile' });
    await expect(store.allocate('port', 0, 'web', [1])).rejects.toMatchObject({
      code: 'store.badFile'
    });
    expect(await store.list('container')).toHaveLength(2);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  it('is not followed for the token either', async () => {
    const root = folder();
    const store = await opened({ root });
    symlinkSync('/etc/hostname', layoutOf(root).token);

    await expect(store.tryAcquire(web)).rejects.toMatchObject({ code: 'store.badFile' });
  });
});

describe('a damaged counter or allocation file', () => {
  it('is refused by name', async () => {
    const root = folder();
    const store = await opened({ root });
    const { token, allocationOf } = layoutOf(root);
    writeFileSync(token, 'x');
    await store.allocate('port', 0, 'web', [1]);
    appendFileSync(allocationOf('port').file, '}\n');

    await expect(store.tryAcquire(web)).rejects.toThrow(`${token} line 1`);
    await expect(store.allocations('port')).rejects.toMatchObject({ code: 'store.corrupt' });
    await expect(store.allocate('port', 1, 'db', [1])).rejects.toMatchObject({
      code: 'store.corrupt'
    });
  });
});

describe('an allocation file', () => {
  it('forgets a change that was cut off, and goes on', async () => {
    const root = folder();
    const store = await opened({ root });
    await store.allocate('port', 0, 'web', [1]);
    appendFileSync(layoutOf(root).allocationOf('port').file, '{"owner":"db","ent');

    expect(await store.allocations('port')).toMatchObject({ version: 1 });
    await expect(store.allocate('port', 1, 'cache', [2])).resolves.toBe(true);
    expect((await store.allocations('port')).entries).toEqual([
      { owner: 'web', entry: 1 },
      { owner: 'cache', entry: 2 }
    ]);
  });

  it('stays small however often it changes', async () => {
    const root = folder();
    const store = await opened({ root });
    for (let version = 0; version < 3000; version += 1) {
      await store.allocate('port', version, 'web', ['x'.repeat(version % 100)]);
    }

    expect(await store.allocations('port')).toMatchObject({ version: 3000 });
    expect(lstatSync(layoutOf(root).allocationOf('port').file).size).toBeLessThan(70 * 1024);
  });
});
