import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOfJournal, layoutOf, parseHistoryName } from '../../../src/store/embedded/layout.ts';
import type { Key, Kind } from '../../../src/store/store.ts';
import { countIn, keyOf, seqsOf } from '../commits.ts';
import { commitAll, folder, opened } from './sandbox.ts';

const web = keyOf('web');
const many = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a long journal', () => {
  it('is continued in new files and read as one', async () => {
    const root = folder();
    const store = await opened({ root, rotateBytes: 2000 });
    await commitAll(store, web, many(20));
    await commitAll(store, web, many(20));

    expect(readdirSync(layoutOf(root).history).length).toBeGreaterThan(2);
    expect(await seqsOf(store.journal(web))).toEqual(many(40));
    expect(await store.load(web)).toMatchObject({ seq: 40, snapshot: { count: 20 } });
  });

  it('is whole after its end too, and is not mixed with the life before', async () => {
    const root = folder();
    const store = await opened({ root, rotateBytes: 2000 });
    for (const length of [15, 12]) {
      await commitAll(store, web, many(length));
      await store.forget(await store.acquire(web, { timeoutMs: 1000 }));
    }

    expect(await seqsOf(store.journal(web))).toEqual(many(12));
    expect(readdirSync(layoutOf(root).journals)).toEqual([]);
    expect(readdirSync(layoutOf(root).locks)).toEqual([]);
  });

  it('is told whole of every life that has ended, each record once', async () => {
    const root = folder();
    const store = await opened({ root, rotateBytes: 2000 });
    for (const length of [15, 3]) {
      await commitAll(store, web, many(length));
      await store.forget(await store.acquire(web, { timeoutMs: 1000 }));
    }
    await commitAll(store, web, many(1));

    expect(await seqsOf(store.ended!())).toEqual([...many(15), ...many(3)]);
  });

  it('begins later when its oldest part was dropped', async () => {
    const root = folder();
    const history = { maxFiles: 2, maxBytes: 1e9 };
    const store = await opened({ root, rotateBytes: 1000, history });
    await commitAll(store, web, many(30));

    const seqs = await seqsOf(store.journal(web));
    expect(seqs.at(-1)).toBe(30);
    expect(seqs[0]).toBeGreaterThan(1);
    expect(seqs).toEqual(many(30).slice(-seqs.length));
  });

  it('is followed across its files', async () => {
    const root = folder();
    const store = await opened({ root, rotateBytes: 1000 });
    await commitAll(store, web, many(3));
    const abort = new AbortController();
    const records = store.follow(abort.signal);
    await commitAll(await opened({ root, rotateBytes: 1000 }), web, many(30));

    const seqs: number[] = [];
    for await (const { seq } of records) {
      seqs.push(seq);
      if (seq === 33) abort.abort();
    }
    expect(seqs).toEqual(many(33).slice(3));
  });
});

describe('history', () => {
  const lives = async (history: { maxFiles: number; maxBytes: number }, count: number) => {
    const root = folder();
    const store = await opened({ root, history });
    for (const number of many(count)) {
      await commitAll(store, keyOf(`c${number}`), [number]);
      await store.forget(await store.acquire(keyOf(`c${number}`), { timeoutMs: 1000 }));
    }
    return { store, names: readdirSync(layoutOf(root).history) };
  };

  it('keeps the newest files and no more', async () => {
    const { store, names } = await lives({ maxFiles: 5, maxBytes: 1e9 }, 12);

    expect(names.map((name) => parseHistoryName(name)?.key.id).sort()).toEqual(
      ['c8', 'c9', 'c10', 'c11', 'c12'].sort()
    );
    expect(await seqsOf(store.journal(keyOf('c12')))).toEqual([1]);
    expect(await seqsOf(store.journal(keyOf('c1')))).toEqual([]);
  });

  it('keeps within its bytes', async () => {
    const { names } = await lives({ maxFiles: 100, maxBytes: 2000 }, 12);

    expect(names.length).toBeGreaterThan(1);
    expect(names.length).toBeLessThan(6);
  });
});

describe('file names', () => {
  const ids = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,12}$/);
  const tricky = fc
    .array(fc.constantFrom('a', '.', '-', '1', '.jsonl', '.next', '.1-1', 'container'), {
      maxLength: 6
    })
    .map((parts) => `a${parts.join('')}`);
  const keys: fc.Arbitrary<Key> = fc.record({
    kind: fc.constantFrom<Kind>('container', 'namespace', 'network'),
    id: fc.oneof(ids, tricky)
  });
  const layout = layoutOf('/root');
  const filesOf = (key: Key) => [
    layout.journalOf(key),
    layout.nextOf(key),
    layout.lockOf(key),
    layout.partOf(key, 1, 1),
    layout.partOf(key, 1, 11),
    layout.partOf(key, 11, 1)
  ];

  it('are never shared by two keys', () => {
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        fc.pre(one.kind !== other.kind || one.id !== other.id);
        const names = [...filesOf(one), ...filesOf(other)];
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 1000 }
    );
  });

  it('say whose they are', () => {
    fc.assert(
      fc.property(keys, fc.nat(), fc.nat(), (key, token, part) => {
        expect(keyOfJournal(layout.journalOf(key).slice('/root/journal/'.length))).toEqual(key);
        const name = layout.partOf(key, token, part).slice('/root/history/'.length);
        expect(parseHistoryName(name)).toEqual({ key, token, part });
      })
    );
  });

  it('are not mixed up when one id continues another', async () => {
    const store = await opened({ root: folder() });
    for (const [index, id] of ['web', 'web.1-1', 'web.1', 'web.1-1.jsonl'].entries()) {
      await commitAll(store, keyOf(id), [...many(index + 1)]);
      await store.forget(await store.acquire(keyOf(id), { timeoutMs: 1000 }));
    }

    expect(await seqsOf(store.journal(web))).toEqual([1]);
    expect(await seqsOf(store.journal(keyOf('web.1-1')))).toEqual([1, 2]);
    await commitAll(store, web, [9]);
    expect(countIn(await store.load(web))).toBe(9);
  });
});
