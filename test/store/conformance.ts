import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../src/model/json.ts';
import type { JournalRecord, Key, Lease, Store } from '../../src/store/store.ts';
import { collect, commitOf, countIn, keyOf, renamed, sealed, seqsOf } from './commits.ts';

/** A place that several stores share, as the processes of one host do. */
export interface Shared {
  /** One more process. */
  open(): Promise<Store>;
  /** Takes the lease on a key away from its holder. */
  breakLease(key: Key): void | Promise<void>;
  dispose(): Promise<void>;
}

/** What every driver must do. A new driver is done when this passes. */
export function conforms(name: string, makeShared: () => Promise<Shared>): void {
  describe(name, () => {
    let shared: Shared;
    const opened: Store[] = [];
    const web = keyOf('web');

    const open = async (): Promise<Store> => {
      shared ??= await makeShared();
      const store = await shared.open();
      opened.push(store);
      return store;
    };

    const pair = async () => [await open(), await open()] as const;

    const leased = async (store: Store, key = web): Promise<Lease> =>
      store.acquire(key, { timeoutMs: 5000 });

    const commit = async (store: Store, count: number, key = web): Promise<Lease> => {
      const lease = await leased(store, key);
      await store.commit(lease, commitOf(count));
      await store.release(lease);
      return lease;
    };

    const end = async (store: Store, key = web): Promise<Lease> => {
      const lease = await leased(store, key);
      await store.forget(lease);
      return lease;
    };

    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
      await shared?.dispose();
      shared = undefined as unknown as Shared;
    });

    describe('a lease', () => {
      it('is given to one at a time, within a process and between processes', async () => {
        const [one, other] = await pair();
        await leased(one);

        expect(await one.tryAcquire(web)).toBeUndefined();
        expect(await other.tryAcquire(web)).toBeUndefined();
        expect(await other.tryAcquire(keyOf('web', 'namespace'))).toBeDefined();
      });

      it('goes to the one who waits when it is released', async () => {
        const [one, other] = await pair();
        const first = await leased(one);
        const waiting = leased(other);
        await one.release(first);

        expect((await waiting).token).toBeGreaterThan(first.token);
      });

      it('is refused to one who has waited long enough, saying who holds it', async () => {
        const [one, other] = await pair();
        await leased(one);

        await expect(other.acquire(web, { timeoutMs: 5 })).rejects.toMatchObject({
          code: 'lease.timedOut',
          message: expect.stringMatching(`container/web.*${process.pid}`)
        });
      });

      it('is no longer waited for when the signal aborts', async () => {
        const [one, other] = await pair();
        await leased(one);
        const abort = new AbortController();
        const waiting = other.acquire(web, { timeoutMs: 60_000, signal: abort.signal });
        const reason = new Error('enough');
        abort.abort(reason);

        await expect(waiting).rejects.toBe(reason);
      });

      it('carries a token that only grows, also over the end of an actor', async () => {
        const [one, other] = await pair();
        const tokens = [
          await commit(one, 1),
          await commit(other, 2),
          await end(one),
          await commit(other, 3)
        ].map(({ token }) => token);

        expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
      });

      it('is free again when its store is closed', async () => {
        const [one, other] = await pair();
        const lease = await leased(one);
        await one.close();

        expect(await other.tryAcquire(web)).toBeDefined();
        await expect(one.commit(lease, commitOf(1))).rejects.toMatchObject({ code: 'lease.lost' });
        await expect(one.tryAcquire(web)).rejects.toMatchObject({ code: 'store.closed' });
      });

      it('is told the time of its record, as others read it', async () => {
        const [one, other] = await pair();
        const time = await one.commit(await leased(one), commitOf(1));

        expect((await other.load(web))?.time).toBe(time);
      });

      it('writes nothing once it was given up', async () => {
        const store = await open();
        const lease = await commit(store, 1);

        await expect(store.commit(lease, commitOf(2))).rejects.toMatchObject({
          code: 'lease.lost'
        });
        await store.release(lease);
        expect(lease.signal.aborted).toBe(false);
        expect(countIn(await store.load(web))).toBe(1);
      });

      it('writes nothing once another has it, and says so by its signal and to who asked', async () => {
        const [one, other] = await pair();
        const stale = await leased(one);
        const [told, late] = [vi.fn(), vi.fn()];
        stale.onLost(told);
        await one.commit(stale, commitOf(1));
        await shared.breakLease(web);
        const current = await leased(other);
        await other.commit(current, commitOf(2));

        await expect(one.commit(stale, commitOf(3))).rejects.toMatchObject({ code: 'lease.lost' });
        await expect(one.forget(stale)).rejects.toMatchObject({ code: 'lease.lost' });
        await one.release(stale);

        expect(stale.signal.aborted).toBe(true);
        stale.onLost(late);
        expect([told.mock.calls, late.mock.calls]).toEqual([
          [[stale.signal.reason]],
          [[stale.signal.reason]]
        ]);
        expect(current.signal.aborted).toBe(false);
        expect(countIn(await one.load(web))).toBe(2);
        expect(await one.tryAcquire(web)).toBeUndefined();
      });
    });

    describe('an actor', () => {
      it('rests where the last commit left it', async () => {
        const [one, other] = await pair();
        expect(await other.load(web)).toBeUndefined();
        await commit(one, 1);
        await commit(one, 2);

        expect(await other.load(web)).toMatchObject({
          key: web,
          seq: 2,
          value: 'up',
          machine: 'container@0',
          snapshot: { count: 2 },
          outstanding: []
        });
      });

      it('is unchanged for who knows its last record', async () => {
        const store = await open();
        const { token } = await commit(store, 1);
        await leased(store);

        expect(await store.load(web, { seq: 1, token })).toBe('unchanged');
        expect(countIn(await store.load(web))).toBe(1);
      });

      it('is not taken for unchanged once another process has written, or begun it anew', async () => {
        const [one, other] = await pair();
        const { token } = await commit(one, 1);
        const known = { seq: 1, token };
        await commit(other, 2);
        const lease = await leased(one);
        expect(await one.load(web, known)).toMatchObject({ seq: 2, snapshot: { count: 2 } });
        await one.release(lease);

        await end(other);
        await commit(other, 3);
        await leased(one);
        expect(await one.load(web, known)).toMatchObject({ seq: 1, snapshot: { count: 3 } });
      });

      it('is not there for who knew it when another process has ended it', async () => {
        const [one, other] = await pair();
        const { token } = await commit(one, 1);
        await end(other);
        await leased(one);

        expect(await one.load(web, { seq: 1, token })).toBeUndefined();
      });

      it('leaves only its journal when it ends, until it lives again', async () => {
        const store = await open();
        await commit(store, 1);
        await commit(store, 2);
        await end(store);

        expect(await store.load(web)).toBeUndefined();
        expect(await store.list('container')).toEqual([]);
        expect(await seqsOf(store.journal(web))).toEqual([1, 2]);

        await commit(store, 3);
        expect(await seqsOf(store.journal(web))).toEqual([1]);
      });

      it('is listed with its kind, by id', async () => {
        const store = await open();
        for (const id of ['b', 'a', 'a.b', 'a-b']) await commit(store, 1, keyOf(id));
        await commit(store, 1, keyOf('z', 'network'));

        const listed = await store.list('container');
        expect(listed.map(({ key }) => key.id)).toEqual(['a', 'a-b', 'a.b', 'b']);
        expect(await store.list('namespace')).toEqual([]);
      });

      it('can be asked for and given back without a trace', async () => {
        const store = await open();
        await store.release(await leased(store));
        await end(store);

        expect(await store.list('container')).toEqual([]);
        expect(await seqsOf(store.journal(web))).toEqual([]);
      });
    });

    describe('the journal', () => {
      it('has every record, with the link to the one before and what a restart needs', async () => {
        const store = await open();
        const lease = await commit(store, 1);

        const [record, ...more] = await collect(store.journal(web));
        expect(more).toEqual([]);
        expect(Object.keys(record!).join(' ')).toBe(
          'v seq time host boot key token machine event requests value causation correlation ' +
            'prev snapshot earlier hash'
        );
        expect(record).toMatchObject({ v: 1, seq: 1, key: 'container/web', token: lease.token });
      });

      it('tells what was run and waited for, where there was something', async () => {
        const store = await open();
        const spans = [{ kind: 'wait', on: 'lease', begunAt: 1, tookMs: 2.5 }] as const;
        const lease = await leased(store);
        await store.commit(lease, { ...commitOf(1), spans });
        await store.commit(lease, { ...commitOf(2), spans: [] });

        const [first, second] = await collect(store.journal(web));
        expect(first?.spans).toEqual(spans);
        expect(second).not.toHaveProperty('spans');
      });

      it('is followed from the call on, whoever writes, in order and once', async () => {
        const [one, other] = await pair();
        await commit(one, 1);
        const abort = new AbortController();
        const records = one.follow(abort.signal);
        await commit(one, 2);
        await commit(other, 3);
        await end(other);
        await commit(other, 4);
        await commit(one, 1, keyOf('db'));

        expect((await first(records, 4)).sort()).toEqual([
          'container/db 1',
          'container/web 1',
          'container/web 2',
          'container/web 3'
        ]);
        abort.abort();
      });

      it('is told of a life that has ended, each record once, and of none that goes on', async () => {
        const store = await open();
        const [first, second] = [await commit(store, 1), await commit(store, 2)];
        await end(store);
        await commit(store, 1);
        await commit(store, 1, keyOf('db'));

        const records = await collect(store.ended!());
        expect(records.map(({ key, seq, token }) => [key, seq, token])).toEqual([
          ['container/web', 1, first.token],
          ['container/web', 2, second.token]
        ]);
      });

      it('is no longer followed when the signal aborts or the store closes', async () => {
        const store = await open();
        const abort = new AbortController();
        const both = [
          collect(store.follow(abort.signal)),
          collect(store.follow(new AbortController().signal))
        ];
        abort.abort();
        await store.close();

        expect(await Promise.all(both)).toEqual([[], []]);
        expect(await collect((await open()).follow(abort.signal))).toEqual([]);
      });
    });

    describe('a journal recorded elsewhere', () => {
      const foreign = async (): Promise<readonly Buffer[]> => {
        const store = await open();
        await commit(store, 1);
        await commit(store, 2);
        const records = await collect(store.journal(web));
        return records.map((record) => Buffer.from(sealed({ ...record, host: 'elsewhere' })));
      };

      it('is read as that of a life that has ended, and is nobody’s to go on from', async () => {
        const [store, other] = await pair();
        if (store.adopt === undefined) return;
        const [line] = (await foreign()).map((bytes) =>
          renamed(bytes, 'container/web', 'container/guest')
        );
        await store.adopt(keyOf('guest'), [line!]);

        expect(await collect(other.journal(keyOf('guest')))).toMatchObject([
          { seq: 1, host: 'elsewhere', key: 'container/guest' }
        ]);
        expect(await other.load(keyOf('guest'))).toBeUndefined();
        expect(await other.list('container')).toHaveLength(1);
      });

      it('takes no place of one that is here, alive, ended or imported', async () => {
        const store = await open();
        if (store.adopt === undefined) return;
        const lines = await foreign();
        await expect(store.adopt(web, lines)).rejects.toMatchObject({ code: 'journal.exists' });
        await end(store);
        await expect(store.adopt(web, lines)).rejects.toMatchObject({ code: 'journal.exists' });
        await store.adopt(keyOf('guest'), [renamed(lines[0]!, 'container/web', 'container/guest')]);

        await expect(store.adopt(keyOf('guest'), lines)).rejects.toMatchObject({
          code: 'journal.exists',
          message: expect.stringContaining('container/guest')
        });
        expect(await seqsOf(store.journal(web))).toEqual([1, 2]);
      });
    });

    describe('allocations', () => {
      const entries = async (store: Store): Promise<readonly [string, Json][]> =>
        (await store.allocations('port')).entries.map(({ owner, entry }) => [owner, entry]);

      it('are replaced for one owner and nobody else', async () => {
        const [one, other] = await pair();
        await one.allocate('port', 0, 'web', [8080, 8081]);
        await other.allocate('port', 1, 'db', [{ port: 5432 }]);
        await one.allocate('port', 2, 'web', []);

        expect(await entries(other)).toEqual([['db', { port: 5432 }]]);
        expect((await one.allocations('other')).entries).toEqual([]);
      });

      it('are not replaced when someone was quicker', async () => {
        const [one, other] = await pair();
        const { version } = await one.allocations('port');
        const done = await Promise.all([
          one.allocate('port', version, 'web', [8080]),
          other.allocate('port', version, 'db', [8080])
        ]);

        expect(done.filter(Boolean)).toHaveLength(1);
        expect(await entries(one)).toHaveLength(1);
      });
    });
  });
}

async function first(records: AsyncIterable<JournalRecord>, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, seq } of records) {
    found.push(`${key} ${seq}`);
    if (found.length === count) break;
  }
  return found;
}
