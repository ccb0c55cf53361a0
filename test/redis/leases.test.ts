import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commitOf, countIn, keyOf, seqsOf } from '../store/commits.ts';
import { startServer, type Server } from './server.fixture.ts';
import { closeOpened, opened, ownUrl, worker } from './stores.fixture.ts';

let server: Server;
const web = keyOf('web');
const patient = { timeoutMs: 30_000 };

beforeAll(async () => {
  server = await startServer();
});
afterEach(closeOpened);
afterAll(() => server.dispose());

const fresh = (options = '') => ownUrl(server.url, `patience=5000${options && `&${options}`}`);

/** How often each command was run by clients, and by scripts. */
async function calls(): Promise<ReadonlyMap<string, number>> {
  const text = await server.admin.info('commandstats');
  return new Map(
    [...text.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name, count]) => [
      name!,
      Number(count)
    ])
  );
}

/** Blocks this process, as a stall of it would: no timer fires. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a lease on Redis', () => {
  it('lives as long as it is held', async () => {
    const url = fresh('lease=300');
    const [one, other] = [opened(url).store, opened(url).store];
    const lease = await one.acquire(web, patient);
    for (let round = 0; round < 9; round += 1) {
      await delay(100);
      expect(await other.tryAcquire(web)).toBeUndefined();
    }

    await one.commit(lease, commitOf(1));
    expect(lease.signal.aborted).toBe(false);
  });

  it('lives for its time when its holder dies on another host', async () => {
    const url = fresh('lease=400');
    const holder = worker('hold', url, 'b');
    await holder.next();
    const visitor = opened(url, { host: 'b' }).store;
    const waiting = visitor.acquire(web, patient);
    holder.child.kill('SIGKILL');

    expect((await waiting).token).toBeGreaterThan(0);
  });

  it('is free at once when its holder dies on this host', async () => {
    // Its time is far longer than this test's.
    const url = fresh('lease=600000');
    const holder = worker('hold', url, 'a');
    const [, token] = (await holder.next()).split(' ');
    const ended = once(holder.child, 'exit');
    holder.child.kill('SIGKILL');
    await ended;

    expect((await opened(url).store.acquire(web, patient)).token).toBeGreaterThan(Number(token));
  });

  it('is lost by a process that was stopped for too long, whose late write is refused', async () => {
    const url = fresh('lease=400');
    const holder = worker('hold', url, 'b');
    await holder.next();
    holder.child.kill('SIGSTOP');
    const { store } = opened(url, { host: 'b' });
    // The same host sees that it lives, and so waits for its time to pass.
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    holder.child.kill('SIGCONT');

    expect(await holder.next()).toBe('lost lease.lost');
    expect(await holder.next()).toBe('late lease.lost');
    expect(countIn(await store.load(web))).toBe(1);
  });

  it('is known to be lost after a stall before any timer has fired', async () => {
    const { store } = opened(fresh('lease=200'));
    const lease = await store.acquire(web, patient);
    lease.check();
    stall(250);

    expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'lease.lost' }));
    expect(lease.signal.aborted).toBe(true);
    await expect(store.commit(lease, commitOf(1))).rejects.toMatchObject({ code: 'lease.lost' });
    expect(await store.load(web)).toBeUndefined();
  });

  it('is lost in time although nobody can say so while Redis is away', async () => {
    const own = await startServer();
    try {
      const { store } = opened(ownUrl(own.url, 'lease=600'));
      const lease = await store.acquire(web, patient);
      const granted = performance.now();
      own.freeze();
      await once(lease.signal, 'abort');

      expect(lease.signal.reason).toMatchObject({ code: 'lease.lost' });
      expect(performance.now() - granted).toBeLessThan(600);
    } finally {
      await own.dispose();
    }
  });

  it('goes to those who wait in the order they came, and is not asked for meanwhile', async () => {
    const url = fresh('lease=60000');
    const stores = Array.from({ length: 6 }, () => opened(url).store);
    const first = await stores[0]!.acquire(web, patient);
    const order: number[] = [];
    const waiting: Promise<void>[] = [];
    for (const [index, store] of stores.entries()) {
      const queued = (await server.admin.hlen(queueOf(url))) + 1;
      waiting.push(
        (async () => {
          const lease = await store.acquire(web, patient);
          order.push(index);
          await store.release(lease);
        })()
      );
      while ((await server.admin.hlen(queueOf(url))) < queued) await delay(1);
    }
    const before = await calls();
    await delay(200);
    const asked = ((await calls()).get('evalsha') ?? 0) - (before.get('evalsha') ?? 0);
    await stores[0]!.release(first);
    await Promise.all(waiting);

    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(asked).toBe(0);
  });

  it('is not taken by one who asks while another is told that it is free', async () => {
    const url = fresh();
    const [one, other, third] = [opened(url).store, opened(url).store, opened(url).store];
    const lease = await one.acquire(web, patient);
    const waiting = other.acquire(web, patient);
    while ((await server.admin.hlen(queueOf(url))) < 1) await delay(1);
    const released = one.release(lease);
    const tried = third.tryAcquire(web);

    const [granted] = await Promise.all([waiting, released]);
    expect(await tried).toBeUndefined();
    expect(granted.token).toBeGreaterThan(lease.token);
  });

  it('goes past one who died waiting', async () => {
    const url = fresh('lease=500');
    const { store } = opened(url);
    const lease = await store.acquire(web, patient);
    const dead = worker('hold', url, 'a');
    while ((await server.admin.hlen(queueOf(url))) < 1) await delay(5);
    const waiting = opened(url).store.acquire(web, patient);
    while ((await server.admin.hlen(queueOf(url))) < 2) await delay(5);
    dead.child.kill('SIGKILL');
    await store.release(lease);

    expect((await waiting).token).toBeGreaterThan(lease.token);
  });

  it('leaves nothing behind when it is given up, waited for in vain, or withdrawn', async () => {
    const url = fresh('lease=500');
    const [one, other] = [opened(url).store, opened(url).store];
    const lease = await one.acquire(web, patient);
    await expect(other.acquire(web, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'lease.timedOut'
    });
    const abort = new AbortController();
    const withdrawn = other.acquire(web, { ...patient, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(withdrawn).rejects.toThrow('enough');
    await one.release(lease);
    await one.forget(await one.acquire(web, patient));

    const left = await server.admin.keys(`${prefixOf(url)}:*`);
    const host = `${prefixOf(url)}:{a}`;
    expect(left.sort()).toEqual([`${prefixOf(url)}:hosts`, `${host}:token`].sort());
  });

  it('keeps every step of five processes that add to one counter', async () => {
    const url = fresh();
    const workers = Array.from({ length: 5 }, () => worker('count', url, 'a', '60'));
    const exits = await Promise.all(workers.map(({ child }) => once(child, 'exit')));
    const { store } = opened(url);

    expect(exits.map(([code]) => Number(code))).toEqual([0, 0, 0, 0, 0]);
    expect(countIn(await store.load(web))).toBe(300);
    expect(await seqsOf(store.journal(web))).toEqual(
      Array.from({ length: 300 }, (_, index) => index + 1)
    );
  });
});

describe('a host name', () => {
  it('is refused to another root than the first', async () => {
    const url = fresh();
    const [one, other] = [opened(url, { root: 'r1' }).store, opened(url, { root: 'r2' }).store];
    await one.release(await one.acquire(web, patient));

    await expect(other.acquire(web, patient)).rejects.toMatchObject({ code: 'store.hostTaken' });
  });
});

describe('a commit', () => {
  it('is one round trip', async () => {
    const url = fresh();
    const { store } = opened(url);
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(0));
    const monitor = await server.admin.monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      // What a script runs has no client of its own.
      if (!/lua/.test(source)) seen.push(args);
    });
    for (let count = 1; count <= 3; count += 1) await store.commit(lease, commitOf(count));
    await server.admin.set('end', '1');
    while (!seen.some(([name]) => name?.toLowerCase() === 'set')) await delay(1);
    monitor.disconnect();

    const commits = seen.filter(([name]) => name?.toLowerCase() !== 'set');
    expect(commits.map(([name]) => name?.toLowerCase())).toEqual(['evalsha', 'evalsha', 'evalsha']);
  });

  it('is done once when the answer to it is lost', async () => {
    const url = fresh();
    const { store } = opened(url);
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    const sent = store.commit(lease, commitOf(2));
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await sent;

    expect(countIn(await store.load(web))).toBe(2);
    expect(await seqsOf(store.journal(web))).toEqual([1, 2]);
  });
});

function prefixOf(url: string): string {
  return new URLSearchParams(url.slice(url.indexOf('?'))).get('prefix')!;
}

function queueOf(url: string): string {
  return `${prefixOf(url)}:{a}:queue:container/web`;
}
