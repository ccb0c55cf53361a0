import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterEvents } from '../../src/cluster/events.ts';
import { openHosted } from '../../src/store/hosted/open.ts';
import type { Store } from '../../src/store/store.ts';
import { collect, commitOf, countIn, keyOf, seqsOf } from '../store/commits.ts';
import { startServer, type Server } from './server.fixture.ts';
import { quickest } from './stores.fixture.ts';

const web = keyOf('web');
const api = keyOf('api');
const patient = { timeoutMs: 5_000 };
let server: Server;
let roots: Map<string, string>;
let stores: Store[];

beforeEach(async () => {
  [server, roots, stores] = [await startServer(), new Map(), []];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  for (const root of roots.values()) rmSync(root, { recursive: true });
  await server.dispose();
});

/** A process of a host, whose files outlive it. */
async function host(name: string, options = ''): Promise<Store> {
  const root = roots.get(name) ?? mkdtempSync(join(tmpdir(), 'mooring-hosted-'));
  roots.set(name, root);
  const store = await openHosted({
    url: `${server.url}?${options}`,
    ...{ root, host: name, boot: 'boot', onTrouble: () => undefined },
    kinds: ['container', 'namespace', 'network']
  });
  stores.push(store);
  return store;
}

async function step(store: Store, key: typeof web, count: number): Promise<void> {
  const lease = await store.acquire(key, patient);
  await store.commit(lease, commitOf(count));
  await store.release(lease);
}

/** Starts the server again, and waits until the store has noticed. */
async function backFor(store: Store): Promise<void> {
  const noticed = new Promise<void>((resolve) => {
    const stop = store.cluster!.onReturn(() => {
      stop();
      resolve();
    });
  });
  await server.start();
  await noticed;
}

/** What the others see of a host: `web 2`. */
async function seen(from: Store, name: string): Promise<readonly string[]> {
  const listed = await from.cluster!.at(name).list('container');
  return listed.map((entry) => {
    return `${entry.key.id} ${'actor' in entry ? String(countIn(entry.actor)) : 'unreadable'}`;
  });
}

describe('while Redis is away', () => {
  it('begins nothing, and says so within its patience', async () => {
    const store = await host('a');
    await step(store, web, 1);
    await server.kill();

    await expect(store.acquire(api, patient)).rejects.toMatchObject({ code: 'store.unreachable' });
    expect(countIn(await store.load(web))).toBe(1);
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    [
      'an order to another host',
      ({ cluster }) => cluster!.ask('b', { verb: 'up', args: [] }, { withinMs: 60_000 })
    ],
    ['a takeover', ({ cluster }) => cluster!.takeOver('b', 'web')],
    ['service to other hosts', ({ cluster }) => cluster!.serve(() => Promise.resolve(null))],
    [
      'the look at all hosts',
      ({ cluster }) => collect(cluster!.followAll(AbortSignal.timeout(60_000)))
    ],
    [
      'a network',
      ({ cluster }) => cluster!.networks.define({ name: 'n', conflist: '{}', subnets: [] })
    ],
    [
      'an address',
      ({ cluster }) => cluster!.addresses.reserve('web', [{ network: 'n', address: '10.0.0.1' }])
    ]
  ])('refuses %s within 100 ms', async (_, begin) => {
    const store = await host('a');
    await step(store, web, 1);
    await server.kill();
    const { codes, ms } = await quickest(() => begin(store));

    expect(codes).toEqual(['store.unreachable']);
    expect(ms).toBeLessThan(100);
  });

  it('waits by policy, and goes on when Redis is back', async () => {
    const store = await host('a', 'patience=20000');
    await step(store, web, 1);
    await server.kill();
    const waiting = step(store, web, 2);
    await server.start();

    await waiting;
    expect(await seen(store, 'a')).toEqual(['web 2']);
  });

  it('takes away by the host’s own journal, and tells it on return', async () => {
    const store = await host('a');
    await step(store, web, 1);
    await step(store, api, 1);
    await server.admin.save();
    await server.kill();

    const lease = await store.acquire(web, { ...patient, removing: true });
    await store.commit(lease, commitOf(2));
    await store.forget(lease);
    await store.release(lease);
    expect(await store.load(web)).toBeUndefined();
    await backFor(store);
    expect(await store.cluster!.reconcile()).toEqual([]);

    expect(await seen(store, 'a')).toEqual(['api 1']);
    const view = store.cluster!.at('a');
    expect(await seqsOf(view.journal(web))).toEqual([1, 2]);
    expect(await seqsOf(view.ended!())).toEqual([1, 2]);
    expect(await server.admin.keys('*:log:container/web')).toEqual([]);
  });

  it('is its own again when it is taken down meanwhile after another has taken it over', async () => {
    const [store, other] = [await host('a'), await host('b')];
    await step(store, web, 1);
    await other.cluster!.takeOver('a', 'web');
    await server.admin.save();
    await server.kill();
    const lease = await store.acquire(web, { ...patient, removing: true });
    await store.forget(lease);
    await backFor(store);

    expect(await store.cluster!.reconcile()).toEqual([]);

    expect(await store.cluster!.takenOver()).toEqual([]);
    await step(store, web, 1);
  });

  it('goes on taking away under a lease from before', async () => {
    const store = await host('a', 'lease=400');
    await step(store, web, 1);
    const lease = await store.acquire(web, { ...patient, removing: true });
    await server.kill();

    await store.commit(lease, commitOf(2));
    await store.commit(lease, commitOf(3));

    await store.release(lease);
    expect(await seqsOf(store.journal(web))).toEqual([1, 2, 3]);
    await backFor(store);
    expect(await store.cluster!.reconcile()).toEqual([]);
    expect(await seen(store, 'a')).toEqual(['web 3']);
  });

  it('keeps what is to be begun under a lease from before from being written', async () => {
    const store = await host('a');
    const lease = await store.acquire(web, patient);
    await server.kill();

    await expect(store.commit(lease, commitOf(1))).rejects.toMatchObject({
      code: 'store.unreachable'
    });
    expect(await store.load(web)).toBeUndefined();
  });
});

describe('Redis that has come back', () => {
  it('empty, is told everything', async () => {
    const store = await host('a');
    await step(store, web, 1);
    await step(store, web, 2);
    await step(store, api, 1);
    await server.kill();
    await backFor(store);

    expect(await store.cluster!.reconcile()).toEqual([]);

    expect(await seen(store, 'a')).toEqual(['api 1', 'web 2']);
    expect((await store.cluster!.hosts()).map(({ host: name }) => name)).toEqual(['a']);
    await step(store, web, 3);
    expect(await seqsOf(store.cluster!.at('a').journal(web))).toEqual([1, 2, 3]);
  });

  it('with an old snapshot, is told what it has lost, and no token comes twice', async () => {
    const store = await host('a');
    await step(store, web, 1);
    await server.admin.save();
    const before = await store.acquire(web, patient);
    await store.commit(before, commitOf(2));
    await server.kill();
    await backFor(store);

    // What it was given is none of the snapshot's: it holds nothing any more.
    await expect(store.commit(before, commitOf(3))).rejects.toMatchObject({ code: 'lease.lost' });
    await store.release(before);
    const after = await store.acquire(web, patient);
    expect(after.token).toBeGreaterThan(before.token);
    await store.release(after);
    expect(await seen(store, 'a')).toEqual(['web 2']);
  });

  it('without some of its keys, has them again when they are next worked on', async () => {
    const store = await host('a');
    await step(store, web, 1);
    await server.admin.del('mooring:{a}:actors:container', 'mooring:{a}:journal');

    await step(store, web, 2);

    expect(await seen(store, 'a')).toEqual(['web 2']);
  });

  it('without some of its keys, tells every record once in the events of all hosts', async () => {
    const store = await host('a');
    const other = await host('b');
    await step(store, web, 1);
    await store.forget(await store.acquire(web, patient));
    await step(store, web, 1);
    await step(other, web, 1);
    await server.admin.del('mooring:{a}:actors:container', 'mooring:{a}:log:container/web');
    await step(store, web, 2);

    const told = await collect(clusterEvents(other.cluster!).events({ follow: false }));
    const lives = [...new Set(told.map(({ hash }) => hash))];
    expect(told.map((record) => `${record.host} ${record.seq}`).toSorted()).toEqual([
      ...['a 1', 'a 1', 'a 2'],
      'b 1'
    ]);
    expect(lives).toHaveLength(told.length);
  });

  it('is believed of a host that has lost its files', async () => {
    await step(await host('a'), web, 1);
    rmSync(join(roots.get('a')!, 'journal'), { recursive: true });
    const store = await host('a');
    expect(await store.load(web)).toBeUndefined();

    await step(store, web, 2);

    expect(await seqsOf(store.journal(web))).toEqual([1, 2]);
  });
});

describe('a container that was taken over', () => {
  it('can only be taken down on its old host, and is its own again then', async () => {
    const [one, other] = [await host('a'), await host('b')];
    await step(one, web, 1);
    expect(countIn(await other.cluster!.takeOver('a', 'web'))).toBe(1);

    await expect(one.acquire(web, patient)).rejects.toMatchObject({ code: 'container.takenOver' });
    expect(await one.cluster!.takenOver()).toEqual(['web']);
    const lease = await one.acquire(web, { ...patient, removing: true });
    await one.commit(lease, commitOf(2));
    await one.forget(lease);
    await one.release(lease);

    expect(await one.cluster!.takenOver()).toEqual([]);
    await step(one, web, 1);
  });

  it('is taken from nobody who works on it, whose agent lives, or who has lost it already', async () => {
    const [one, other, third] = [await host('a'), await host('b'), await host('c')];
    await step(one, web, 1);
    const lease = await one.acquire(web, patient);
    const taking = (by: Store) => by.cluster!.takeOver('a', 'web');
    await expect(taking(other)).rejects.toMatchObject({ code: 'lease.timedOut' });
    await one.release(lease);
    const agent = await one.cluster!.serve(() => Promise.resolve(null));
    await expect(taking(other)).rejects.toMatchObject({ code: 'host.alive' });
    await agent.close();
    await taking(other);

    await expect(taking(third)).rejects.toMatchObject({ code: 'container.takenOver' });
    await expect(other.cluster!.takeOver('a', 'none')).rejects.toMatchObject({
      code: 'container.notFound'
    });
  });
});

describe('an order to another host', () => {
  const order = { verb: 'up', args: ['web'] };
  const within = { withinMs: 5_000 };

  it('is carried out once by its agent, and answered with its result or its failure', async () => {
    const [one, other] = [await host('a'), await host('b')];
    const orders: unknown[] = [];
    const agent = await one.cluster!.serve(async (what) => {
      orders.push(what.args);
      if (what.verb !== 'up') throw Object.assign(new Error('no'), { code: 'x' });
      return Promise.resolve({ done: what.args[0]! });
    });

    expect(await other.cluster!.ask('a', order, within)).toEqual({ done: 'web' });
    await expect(other.cluster!.ask('a', { verb: 'down', args: [] }, within)).rejects.toMatchObject(
      { message: expect.stringContaining('no') as string }
    );
    expect(orders).toEqual([['web'], []]);
    await agent.close();
    await expect(other.cluster!.ask('a', order, within)).rejects.toMatchObject({
      code: 'host.noAgent'
    });
  });

  it('that its asker gives up is unwound there, and still answered', async () => {
    const [one, other] = [await host('a'), await host('b')];
    const asking = new AbortController();
    const agent = await one.cluster!.serve(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          asking.abort();
        })
    );

    await expect(
      other.cluster!.ask('a', order, { ...within, signal: asking.signal })
    ).rejects.toMatchObject({ code: 'host.cancelled' });
    await agent.close();
  });

  it('is told lost when its agent has died at it', async () => {
    const [one, other] = [await host('a', 'lease=300'), await host('b', 'lease=300')];
    const [begun, dead] = [new AbortController(), new AbortController()];
    const agent = await one.cluster!.serve(async () => {
      begun.abort();
      await once(dead.signal, 'abort');
      return null;
    });
    const asked = other.cluster!.ask('a', order, within);
    asked.catch(() => undefined);
    await once(begun.signal, 'abort');
    await one.close();

    await expect(asked).rejects.toMatchObject({ code: 'host.agentLost' });
    dead.abort();
    await agent.close();
  });
});
