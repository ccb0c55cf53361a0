import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/actors/machines.ts';
import { importJournals, keyFrom } from '../../src/journal/import.ts';
import { recordLines } from '../../src/journal/lines.ts';
import { fileSource, textSource } from '../../src/journal/read.ts';
import { embeddedStore } from '../../src/store/embedded/embedded.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { seal } from '../../src/store/record.ts';
import type { Store, StoredRecord } from '../../src/store/store.ts';
import { EVERYTHING, exported, recorded, upAndDown } from './recorded.ts';

const keyOf = (text: string) => keyFrom(text, KINDS);
const read = (lines: readonly string[]) =>
  Array.from(recordLines(textSource(lines)), (line) => line.record());

/** What was read, by key, in the order that it comes. */
function byKey(records: readonly StoredRecord[]): Readonly<Record<string, StoredRecord[]>> {
  const found: Record<string, StoredRecord[]> = {};
  for (const record of records) (found[record.key] ??= []).push(record);
  return found;
}

const folder = mkdtempSync(join(tmpdir(), 'mooring-journal-'));
let store: Store;
let lines: readonly string[];

beforeAll(async () => {
  store = await recorded(upAndDown);
  lines = await exported(store);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('an exported journal', () => {
  it('is a line that says what it is, a line a record, and a line that counts them', () => {
    expect(JSON.parse(lines[0]!)).toMatchObject({ v: 1, journal: 'mooring' });
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ v: 1, records: lines.length - 2 });
    for (const line of lines) expect(line).toMatch(/,"hash":"[0-9a-f]{32}"}$/);
  });

  it('says of each record what the store says, and which chart it was', async () => {
    const found = byKey(read(lines));

    expect(Object.keys(found)).toEqual(EVERYTHING);
    for (const [key, records] of Object.entries(found)) {
      const kept: StoredRecord[] = [];
      for await (const record of store.journal(keyOf(key))) kept.push(record);
      const said = ['seq', 'time', 'event', 'requests', 'value', 'machine', 'causation'] as const;
      for (const field of said) {
        expect(records.map((record) => record[field])).toEqual(kept.map((record) => record[field]));
      }
      expect(records[0]!.machine).toMatch(/^[a-z]+@[0-9]+\.[0-9a-f]{12}\.[0-9a-f]{8}$/);
    }
  });

  it('writes a conflist once for each journal, however many requests carry it', () => {
    const [container] = Object.values(byKey(read(lines)));
    const carried = JSON.stringify(container).match(/"loadOnlyInlinedPlugins"/g)!.length;
    const written = lines.join().match(/"loadOnlyInlinedPlugins"/g)!.length;

    expect(carried).toBeGreaterThan(6);
    expect(written).toBe(2);
  });

  it('says what is remembered wherever nothing is asked any more', () => {
    const rests = read(lines).filter(({ memory }) => memory !== undefined);

    expect(rests.map(({ key, value }) => `${key} ${JSON.stringify(value)}`)).toContain(
      'container/web "up"'
    );
    expect(rests.every(({ requests }) => requests.length === 0)).toBe(true);
  });
});

describe('an imported journal', () => {
  it.each([
    ['memory', () => Promise.resolve(memoryStore())],
    ['embedded', () => embeddedStore({ root: join(folder, 'root') })]
  ])('comes out of a store (%s) byte for byte as it went in', async (_, open) => {
    const guest = await open();
    const keys = await importJournals(guest, textSource(lines), keyOf);

    expect(keys).toEqual(EVERYTHING);
    expect(await exported(guest)).toEqual(lines);
    await guest.close();
  });

  it('is refused where there is one already, and then nothing of the file is taken', async () => {
    const guest = memoryStore();
    const [web, front] = ['container/web', 'network/front'].map(keyOf);
    await importJournals(guest, textSource(await exported(store, ['network/front'])), keyOf);

    await expect(importJournals(guest, textSource(lines), keyOf)).rejects.toMatchObject({
      code: 'journal.exists',
      message: expect.stringContaining('network/front')
    });
    expect(await exported(guest, ['container/web'])).toHaveLength(2);
    expect(web).toBeDefined();
    expect(front).toBeDefined();
  });

  it('makes no actor: nobody goes on from it', async () => {
    const guest = memoryStore();
    await importJournals(guest, textSource(lines), keyOf);

    expect(await guest.list('container')).toEqual([]);
    expect(await guest.load(keyOf('container/web'))).toBeUndefined();
  });
});

describe('a damaged file', () => {
  const code = (damaged: readonly string[] | string) => {
    try {
      read(typeof damaged === 'string' ? damaged.split('\n') : damaged);
      return 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('is told from a whole one wherever it is cut off', () => {
    const text = `${lines.join('\n')}\n`;
    const ends = Array.from({ length: 97 }, (_, index) => Math.floor((index * text.length) / 97));
    const cuts = [...ends, ...lines.map((_, index) => lines.slice(0, index).join('\n').length + 1)];

    for (const end of new Set(cuts.filter((cut) => cut < text.length - 1))) {
      const path = join(folder, 'cut.jsonl');
      writeFileSync(path, text.slice(0, end));
      expect(() => [...recordLines(fileSource(path))], `cut at ${end}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^journal\.(cutOff|bad)$/) })
      );
    }
  });

  it('is told from a whole one whatever letter of it is another', () => {
    for (let at = 5; at < lines.join('\n').length; at += 71) {
      const text = lines.join('\n');
      const letter = text[at] === 'x' ? 'y' : 'x';
      if (text[at] === '\n') continue;

      expect(code(text.slice(0, at) + letter + text.slice(at + 1)), `letter ${at}`).not.toBe(
        'none'
      );
    }
  });

  it('is told when lines are missing, come twice or in another order', () => {
    const without = lines.filter((_, index) => index !== 3);
    const twice = lines.flatMap((line, index) => (index === 3 ? [line, line] : [line]));
    const turned = lines.map((line, index) =>
      index === 3 ? lines[4]! : index === 4 ? lines[3]! : line
    );

    expect([without, twice, turned].map(code)).toEqual(Array(3).fill('journal.bad'));
    expect(code([...lines, lines[2]!])).toBe('journal.bad');
    expect(code([])).toBe('journal.bad');
  });

  it('of another version is refused by its number', () => {
    const later = seal({ v: 2, journal: 'mooring' }).line.toString().trim();

    expect(() => read([later])).toThrow(
      expect.objectContaining({
        code: 'journal.badVersion',
        message: 'the journal line 1: format 2 is not known, this version reads 1'
      })
    );
  });

  it('names file and line', () => {
    const path = join(folder, 'torn.jsonl');
    writeFileSync(path, [...lines.slice(0, 3), '{"v":1,"seq":3}', ...lines.slice(4)].join('\n'));

    expect(() => [...recordLines(fileSource(path))]).toThrow(
      `${path} line 4: the line does not end in its hash`
    );
    expect(() => [...recordLines(fileSource(join(folder, 'none')))]).toThrow(
      expect.objectContaining({ code: 'journal.unreadable' })
    );
  });
});
