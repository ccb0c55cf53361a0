import { once } from 'node:events';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commitOf, countIn, keyOf, seqsOf } from '../store/commits.ts';
import { startLink, type Link } from './link.mjs';
import { startServer, type Server } from './server.fixture.ts';
import { closeOpened, opened, ownUrl, quickest } from './stores.fixture.ts';

let server: Server;
let link: Link;
/** Each way: an answer takes twice as long. */
const SLOW_MS = 400;
const web = keyOf('web');
const patient = { timeoutMs: 30_000 };

beforeEach(async () => {
  server = await startServer();
  const path = join(server.dir, 'slow');
  link = await startLink({ path }, { path: join(server.dir, 's') });
});
afterEach(async () => {
  await closeOpened();
  await link.close();
  await server.dispose();
});

/** The same keys by the link that may be slow, and by one that is not. */
function urls(options: string): { readonly far: string; readonly near: string } {
  const near = ownUrl(server.url, options);
  return { near, far: near.replace('/s?', '/slow?') };
}

describe('a slow link', () => {
  it('has new work fail typed within 100 ms, and leaves none of it behind', async () => {
    const { far, near } = urls('lease=600000');
    const { store } = opened(far);
    await store.list('container');
    link.slow(SLOW_MS);
    const { codes, ms } = await quickest(() => store.acquire(web, patient));

    expect(codes).toEqual(['store.timedOut']);
    expect(ms).toBeLessThan(100);
    // Asked in vain, it was given after all, and is given back by what comes behind.
    const other = opened(near.replace('lease', 'patience=5000&lease')).store;
    expect(await other.acquire(web, patient)).toBeDefined();
  });

  it('is crossed once by all that is asked at one moment', async () => {
    const { store } = opened(urls('patience=5000').far);
    await store.list('container');
    const write = vi.spyOn(Socket.prototype, 'write');
    await Promise.all(Array.from({ length: 10 }, (_, index) => store.load(keyOf(`c${index}`))));
    const asking = write.mock.calls.filter(([what]) => String(what).includes('hget'));
    write.mockRestore();

    // The relay's are of the same process.
    expect(asking.length).toBeLessThanOrEqual(2);
  });

  it('is waited for by policy', async () => {
    const { store } = opened(urls('patience=5000').far);
    await store.list('container');
    link.slow(SLOW_MS / 4);

    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    expect(countIn(await store.load(web))).toBe(1);
  });

  it('has a lease end with its holder before another is given it', async () => {
    const { far, near } = urls('patience=5000&lease=600');
    const lease = await opened(far).store.acquire(web, patient);
    link.slow(SLOW_MS);
    const lost = once(lease.signal, 'abort').then(() => 'lost');
    const given = opened(near)
      .store.acquire(web, patient)
      .then(() => 'given');

    expect(await Promise.race([lost, given])).toBe('lost');
    expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'lease.lost' }));
    await given;
  });

  it('has a write refused that another has overtaken', async () => {
    const { far, near } = urls('patience=5000&lease=200');
    const { store } = opened(far);
    const lease = await store.acquire(web, patient);
    link.slow(SLOW_MS);
    // Sent in good time, and there when it is another's.
    const late = store.commit(lease, commitOf(1));
    const other = opened(near).store;
    const next = await other.acquire(web, patient);
    await other.commit(next, commitOf(2));

    await expect(late).rejects.toMatchObject({ code: 'lease.lost' });
    expect(countIn(await other.load(web))).toBe(2);
    expect(await seqsOf(other.journal(web))).toEqual([1]);
  });

  it('is forgotten when it is fast again', async () => {
    const { store } = opened(urls('').far);
    await store.list('container');
    link.slow(SLOW_MS);
    await expect(store.acquire(web, patient)).rejects.toMatchObject({ code: 'store.timedOut' });
    link.slow(0);
    // What is under way already takes its time.
    await expect.poll(() => store.list('container').then(() => 'listed', codeOf)).toBe('listed');

    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    expect(countIn(await store.load(web))).toBe(1);
  });
});

function codeOf(error: unknown): unknown {
  return (error as { code: unknown }).code;
}
