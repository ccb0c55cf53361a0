import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostKeys } from '../../src/store/redis/keys.ts';
import { collect, commitOf, countIn, keyOf } from '../store/commits.ts';
import { startServer, type Server } from './server.fixture.ts';
import { closeOpened, opened, ownUrl, quickest, timed } from './stores.fixture.ts';

let server: Server;
const web = keyOf('web');
const patient = { timeoutMs: 30_000 };

beforeEach(async () => {
  server = await startServer({ settings: { dbfilename: 'dump.rdb' } });
});
afterEach(async () => {
  await closeOpened();
  await server.dispose();
});

const impatient = () => ownUrl(server.url);
const waiting = () => ownUrl(server.url, 'patience=20000');

describe('new work', () => {
  it('fails typed within 100 ms while Redis is down', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    await server.kill();
    const { codes, ms } = await quickest(() => store.acquire(web, patient));

    expect(codes).toEqual(['store.unreachable']);
    expect(ms).toBeLessThan(100);
  });

  it('fails typed within 100 ms while Redis is frozen', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    server.freeze();
    const { codes, ms } = await quickest(() => store.acquire(web, patient));
    server.thaw();

    expect(codes).toEqual(['store.timedOut']);
    expect(ms).toBeLessThan(100);
    // What was asked in vain is given back as soon as it can be.
    const other = opened(waiting()).store;
    expect(await other.acquire(web, patient)).toBeDefined();
  });

  it('fails typed when Redis has never been there', async () => {
    await server.kill();
    expect((await timed(opened(impatient()).store.list('container'))).code).toBe(
      'store.unreachable'
    );
  });

  it('waits, by policy, until Redis is back', async () => {
    const { store } = opened(waiting());
    await server.kill();
    const acquired = store.acquire(web, patient);
    await server.start();

    await store.commit(await acquired, commitOf(1));
    expect(countIn(await store.load(web))).toBe(1);
  });

  it('waits, by policy, until Redis is thawed', async () => {
    const { store } = opened(waiting());
    await store.list('container');
    server.freeze();
    const acquired = store.acquire(web, patient);
    await delay(300);
    server.thaw();

    expect((await acquired).token).toBeGreaterThan(0);
  });
});

describe('an answer of Redis', () => {
  it('that scripts are gone is met by sending them again', async () => {
    const { store } = opened(impatient());
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    await server.admin.script('FLUSH');
    await store.commit(lease, commitOf(2));

    expect(countIn(await store.load(web))).toBe(2);
  });

  it('that it is a replica is told, and another primary waited for', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    await server.admin.replicaof('127.0.0.1', 1);
    expect((await timed(store.acquire(web, patient))).code).toBe('store.readonly');

    const acquired = opened(waiting()).store.acquire(web, patient);
    await delay(100);
    await server.admin.replicaof('NO', 'ONE');
    expect((await acquired).token).toBeGreaterThan(0);
  });

  it('that it has no memory left is told, and nothing is written', async () => {
    const { store } = opened(impatient());
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    await server.admin.config('SET', 'maxmemory', '1mb');
    await expect(store.commit(lease, commitOf(2))).rejects.toMatchObject({ code: 'store.full' });
    await server.admin.config('SET', 'maxmemory', '0');

    expect(countIn(await store.load(web))).toBe(1);
    await store.commit(lease, commitOf(3));
    expect(countIn(await store.load(web))).toBe(3);
  });

  it('that it lets us in no more is told', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    await server.admin.call('ACL', 'SETUSER', 'default', '-hscan', '-eval', '-evalsha');
    await expect(store.list('container')).rejects.toMatchObject({ code: 'store.denied' });
    await expect(store.acquire(web, patient)).rejects.toMatchObject({ code: 'store.denied' });
  });

  it('that the password is another one is told', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    await server.admin.config('SET', 'requirepass', 'secret');
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    await expect(store.acquire(web, patient)).rejects.toMatchObject({ code: 'store.denied' });
    const url = ownUrl(server.url.replace('//', '//:wrong@'));
    await expect(opened(url).store.list('container')).rejects.toMatchObject({
      code: 'store.denied'
    });
    const right = ownUrl(server.url.replace('//', '//:secret@'));
    expect(await opened(right).store.list('container')).toEqual([]);
  });

  it('that it is still loading is told, and waited for by policy', async () => {
    // Between two keys of more than 1,024 bytes it answers.
    const big = 'x'.repeat(1_500);
    const keys = Array.from({ length: 400 }, (_, index) => [`k${index}`, big]);
    await server.admin.mset(...keys.flat());
    await server.admin.config('SET', 'rdbcompression', 'no');
    const { store } = opened(impatient());
    const patientStore = opened(waiting()).store;
    await Promise.all([store.list('container'), patientStore.list('container')]);
    await server.admin.config(
      'SET',
      'key-load-delay',
      '2000',
      'loading-process-events-interval-bytes',
      '1024'
    );
    const looker = server.admin.duplicate();
    await looker.ping();
    const reloaded = server.admin.call('DEBUG', 'RELOAD');
    while (!(await looker.info('persistence')).includes('\nloading:1')) await delay(5);
    const [refused, acquired] = await Promise.all([
      timed(store.acquire(web, patient)),
      patientStore.acquire(keyOf('db'), patient)
    ]);

    expect(refused.code).toBe('store.loading');
    expect(acquired.token).toBeGreaterThan(0);
    await reloaded;
    looker.disconnect();
  });

  it('that a script keeps it busy is told', async () => {
    const { store } = opened(impatient());
    await store.list('container');
    await server.admin.config('SET', 'busy-reply-threshold', '20');
    const other = server.admin.duplicate();
    const busy = other.call('EVAL', 'while true do end', '0').catch(() => undefined);
    await delay(100);
    expect((await timed(store.acquire(web, patient))).code).toBe('store.busy');

    await server.admin.script('KILL');
    await busy;
    other.disconnect();
  });

  it('that a key holds something else is told as damage', async () => {
    const own = ownUrl(server.url, 'patience=5000');
    const prefix = /prefix=([^&]*)/.exec(own)![1]!;
    const damaged = opened(own).store;
    await server.admin.set(hostKeys(prefix, 'a').actors('container'), 'x');

    await expect(damaged.list('container')).rejects.toMatchObject({ code: 'store.corrupt' });
    await expect(damaged.acquire(web, patient)).rejects.toMatchObject({ code: 'store.corrupt' });
  });
});

describe('a record that is not ours', () => {
  const lines = [
    ['no JSON', 'x'],
    ['a record of something else', '{"v":1}'],
    [
      'one without its hash',
      '{"v":1,"seq":1,"time":1,"host":"a","boot":"b","key":"container/web","token":1}'
    ],
    ['a field with a NUL', '\u0000']
  ] as const;

  it.each(lines)('is told as damage of that one actor: %s', async (_, line) => {
    const url = ownUrl(server.url, 'patience=5000');
    const prefix = /prefix=([^&]*)/.exec(url)![1]!;
    const { store } = opened(url);
    const lease = await store.acquire(keyOf('db'), patient);
    await store.commit(lease, commitOf(1));
    await server.admin.hset(hostKeys(prefix, 'a').actors('container'), 'container/web', line);

    const listed = await store.list('container');
    expect(listed.map(({ key }) => key.id)).toEqual(['db', 'web']);
    expect(listed[1]).toMatchObject({ failure: { code: 'store.corrupt' } });
    await expect(store.load(web)).rejects.toMatchObject({ code: 'store.corrupt' });
  });

  it('has no say over what is run, whatever its name', async () => {
    const url = ownUrl(server.url, 'patience=5000');
    const { store } = opened(url);
    for (const id of ["x'] .. redis.call('FLUSHALL')", 'a}{b', 'a b', 'a\n']) {
      await expect(store.acquire(keyOf(id), patient)).rejects.toMatchObject({
        code: 'container.badId'
      });
    }
    await expect(store.allocations('a}b')).rejects.toMatchObject({ code: 'container.badId' });
  });
});

describe('a token', () => {
  const commitAs = async (url: string, count: number) => {
    const { store } = opened(url);
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(count));
    return { store, lease };
  };

  it('still grows when Redis comes back empty, and the old holder writes nothing', async () => {
    const url = waiting();
    const { store, lease } = await commitAs(url, 1);
    await server.kill();
    await server.start();
    const after = await commitAs(url, 2);

    expect(after.lease.token).toBeGreaterThan(lease.token);
    await expect(store.commit(lease, commitOf(3))).rejects.toMatchObject({ code: 'lease.lost' });
    expect(lease.signal.aborted).toBe(true);
    expect(countIn(await store.load(web))).toBe(2);
  });

  it('still grows when Redis comes back with an old snapshot', async () => {
    const url = waiting();
    await commitAs(url, 1);
    await server.admin.save();
    const { store } = opened(url);
    const tokens: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const lease = await store.acquire(keyOf('db'), patient);
      tokens.push(lease.token);
      await store.release(lease);
    }
    await server.kill();
    await server.start();
    const lease = await opened(url).store.acquire(keyOf('db'), patient);

    expect(lease.token).toBeGreaterThan(Math.max(...tokens));
  });

  it('still grows for who has seen the last, when the clock went back with the data', async () => {
    const url = waiting();
    const { lease } = await commitAs(url, 1);
    await server.kill();
    await server.start({ aheadS: -86_400 });
    const { store, connection } = opened(url);
    const { leases } = store;
    const keys = hostKeys(connection.address.prefix, 'a');
    const without = await leases.acquire(keys, keyOf('db'), patient);
    const above = await leases.acquire(keys, web, { ...patient, above: lease.token });

    expect(without!.lease.token).toBeLessThan(lease.token);
    expect(above!.lease.token).toBeGreaterThan(lease.token);
  });

  it('of an evicted lease writes nothing any more', async () => {
    const url = waiting();
    const prefix = /prefix=([^&]*)/.exec(url)![1]!;
    const { store, lease } = await commitAs(url, 1);
    await server.admin.del(hostKeys(prefix, 'a').lease(web));

    await expect(store.commit(lease, commitOf(2))).rejects.toMatchObject({ code: 'lease.lost' });
  });
});

describe('the stream of a host', () => {
  it('keeps about as many records as it was told to, the newest', async () => {
    const url = ownUrl(server.url, 'patience=5000&events=16');
    const { store } = opened(url);
    const lease = await store.acquire(web, patient);
    for (let count = 1; count <= 200; count += 1) await store.commit(lease, commitOf(count));
    const seqs = (await collect(store.journal(web))).map(({ seq }) => seq);

    expect(seqs.at(-1)).toBe(200);
    expect(seqs.length).toBeGreaterThanOrEqual(16);
    expect(seqs.length).toBeLessThan(100);
  });
});

describe('whoever follows', () => {
  it('misses nothing and is told nothing twice over a restart', async () => {
    await server.kill();
    await server.start({ settings: { appendonly: 'yes' } });
    const url = waiting();
    const { store } = opened(url);
    const abort = new AbortController();
    const told: string[] = [];
    const following = (async () => {
      for await (const { key, seq } of opened(url).store.follow(abort.signal)) {
        told.push(`${key} ${seq}`);
        if (key === 'container/db') abort.abort();
      }
    })();
    const counts = Array.from({ length: 6 }, (_, index) => index + 1);
    for (const count of counts) {
      const lease = await store.acquire(web, patient);
      await store.commit(lease, commitOf(count));
      await store.release(lease);
      if (count === 2) {
        await server.kill();
        await server.start();
      }
      if (count === 4) await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    const last = await store.acquire(keyOf('db'), patient);
    await store.commit(last, commitOf(1));
    await following;

    expect(told).toEqual([...counts.map((count) => `container/web ${count}`), 'container/db 1']);
  });
});
