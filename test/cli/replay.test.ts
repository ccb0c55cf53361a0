import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exported, recorded, upAndDown } from '../journal/recorded.ts';
import { seal } from '../../src/store/record.ts';
import { mooring } from './fake-deps.ts';

const folder = mkdtempSync(join(tmpdir(), 'mooring-replay-'));
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  const store = await recorded(upAndDown);
  const lines = await exported(store, ['namespace/web']);
  writeFileSync(path('good.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(path('cut.jsonl'), `${lines.slice(0, -1).join('\n')}\n`);
  // As the store has it, but the chart that wrote it did something else.
  const raw: string[] = [];
  let prev = '';
  for await (const { hash: _hash, ...record } of store.journal({ kind: 'namespace', id: 'web' })) {
    const value = record.seq === 2 ? 'verifying' : record.value;
    const machine = 'namespace@1.000000000000.00000000';
    const { line, hash } = seal({ ...record, value, machine, prev });
    raw.push(line.toString());
    prev = hash;
  }
  writeFileSync(path('other.jsonl'), raw.join(''));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('replay', () => {
  it('says of a journal that it replays, with 0', async () => {
    const ran = await mooring(['replay', path('good.jsonl')]);

    expect(ran).toMatchObject({
      code: 0,
      err: '',
      out: `${path('good.jsonl')}: identical: the same chart did the same (4 events)\n`
    });
  });

  it('says where one diverges, with 1, and goes on to the next', async () => {
    const ran = await mooring(['replay', path('other.jsonl'), path('good.jsonl')]);
    const lines = ran.out.trimEnd().split('\n');

    expect(ran).toMatchObject({ code: 1, err: '' });
    expect(lines[0]).toBe(
      `${path('other.jsonl')}: breaking: record 2 of namespace/web: it leads to another state (2 events)`
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}recorded {2}verifying {2}by namespace@1\.0+\.0+$/)
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}current {3}ready {2}by namespace@1\./)
    );
    expect(lines.at(-1)).toMatch(/good\.jsonl: identical/);
  });

  it('refuses what it can’t read in one line, with 125', async () => {
    const ran = await mooring(['replay', path('cut.jsonl'), path('none.jsonl')]);

    expect(ran).toMatchObject({ code: 125, out: '' });
    expect(ran.err.trimEnd().split('\n')).toEqual([
      `Error: ${path('cut.jsonl')} was cut off after line 5: the last line, which counts the records, is missing`,
      expect.stringMatching(/^Error: reading .*none\.jsonl: ENOENT/)
    ]);
  });

  it('writes a test, and over nothing', async () => {
    const first = await mooring(['replay', path('good.jsonl'), '--to-test', path('a.test.ts')]);
    const again = await mooring(['replay', path('good.jsonl'), '--to-test', path('a.test.ts')]);
    const two = ['good.jsonl', 'other.jsonl'].map(path);
    const both = await mooring(['replay', ...two, '--to-test', path('b.test.ts')]);

    expect(first).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(path('a.test.ts'), 'utf8')).toContain("actorOf('namespace', 'web')");
    expect(again).toMatchObject({
      code: 125,
      out: '',
      err: `Error: writing ${path('a.test.ts')}: it exists already\n`
    });
    expect(both).toMatchObject({ code: 125, err: 'Error: --to-test makes a test of one file\n' });
  });

  it('is not content with charts that have changed when it is to be strict', async () => {
    const loose = await mooring(['replay', path('good.jsonl'), '--strict']);
    const json = await mooring(['replay', path('other.jsonl'), '--format', 'json']);

    expect(loose.code).toBe(0);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject([
      {
        file: path('other.jsonl'),
        verdict: 'breaking',
        divergence: { key: 'namespace/web', seq: 2 }
      }
    ]);
  });

  it('judges by what must always hold, or by what a module says, with 1 where it did not', async () => {
    const rule = "step.after.state === 'ready' ? 'it is ready' : undefined";
    const text = `export const invariants = [{ name: 'never', watch: () => (step) => ${rule} }];`;
    writeFileSync(path('never.mjs'), text);
    writeFileSync(path('none.mjs'), 'export const invariants = [1];');

    const all = await mooring(['replay', path('good.jsonl'), '--judge']);
    const own = await mooring(['replay', path('good.jsonl'), '--judge', path('never.mjs')]);
    const bad = await mooring(['replay', path('good.jsonl'), '--judge', path('none.mjs')]);

    expect(all).toMatchObject({
      code: 0,
      err: '',
      out: `${path('good.jsonl')}: all holds (4 records)\n`
    });
    expect(own).toMatchObject({ code: 1, err: '' });
    expect(own.out).toMatch(
      /good\.jsonl: 1 violation \(4 records\)\n {2}never: it is ready {2}record 2 of namespace\/web, line \d\n$/
    );
    expect(bad).toMatchObject({
      code: 125,
      err: `Error: ${path('none.mjs')} exports no list \`invariants\` of { name, watch }\n`
    });
  });

  it('goes on from a record otherwise, and writes what comes of it', async () => {
    const lines = await exported(await recorded(upAndDown), ['container/web']);
    writeFileSync(path('web.jsonl'), `${lines.join('\n')}\n`);
    const what = ['replay', path('web.jsonl'), '--what-if', 'container/web 3'];

    const refused = await mooring([...what, '--answer', 'cni.11', '--write', path('new.jsonl')]);
    const again = await mooring(['replay', path('new.jsonl')]);
    const [neither, nowhere] = [
      await mooring(what),
      await mooring(['replay', path('web.jsonl'), '--what-if', 'web 3', '--fault', 'crash'])
    ];

    expect(refused).toMatchObject({ code: 0, err: '' });
    expect(refused.out).toMatch(/: every invariant holds \(\d+ records as recorded, then /);
    expect(refused.out).toMatch(/\n {2}container\/web 3 attachment\.addFailed \w+ \(cni\.11\) -> /);
    expect(again.out).toMatch(/: identical: .*\n {2}simulated what if \{"at":"container\/web 3"/);
    expect(neither.err).toBe('Error: --what-if takes an --answer or a --fault\n');
    expect(nowhere.err).toBe('Error: the journal has no record web 3\n');
  });
});
