import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openHosted } from '../../src/store/hosted/open.ts';
import { parseAddress } from '../../src/store/redis/address.ts';
import { connect, type Connection } from '../../src/store/redis/connection.ts';
import { hostKeys } from '../../src/store/redis/keys.ts';
import { redisStore } from '../../src/store/redis/redis.ts';
import { commitOf, countIn, keyOf } from '../store/commits.ts';
import { conforms, type Shared } from '../store/conformance.ts';
import { freePorts, startServer, type Server } from './server.fixture.ts';
import { closeOpened, opened, ownUrl } from './stores.fixture.ts';
import {
  makeCertificate,
  moveSlot,
  startCluster,
  startWatched,
  type Nodes,
  type Watched
} from './topology.fixture.ts';

const web = keyOf('web');
const patient = { timeoutMs: 30_000 };

afterEach(closeOpened);

describe('a cluster', () => {
  let nodes: Nodes;

  beforeAll(async () => {
    nodes = await startCluster();
  });
  afterAll(() => nodes.dispose());

  conforms('redis, a cluster of three', async () => sharedOn(ownUrl(nodes.url, 'patience=10000')));

  it('is told from a single server', async () => {
    const url = ownUrl(nodes.servers[0]!.url, 'patience=1000');
    const hosts = Array.from({ length: 8 }, (_, index) => `h${index}`);
    const codes = await Promise.all(
      hosts.map(async (host) =>
        opened(url, { host })
          .store.list('container')
          .then(
            () => 'done',
            (error: unknown) => (error as { code: unknown }).code
          )
      )
    );

    expect(codes).toContain('store.notACluster');
    expect(codes).toContain('done');
  });

  it('is followed while the slot of a host moves to another node, and after', async () => {
    const { store } = opened(ownUrl(nodes.url, 'patience=10000'), { host: 'mover' });
    const lease = await store.acquire(web, patient);
    await store.commit(lease, commitOf(1));
    const settle = await moveSlot(nodes, 'mover');
    await store.commit(lease, commitOf(2));
    await settle();
    await store.commit(lease, commitOf(3));

    expect(countIn(await store.load(web))).toBe(3);
    await store.release(lease);
  });

  it('keeps the keys of one host in one slot, and those of many in many', async () => {
    const { admin } = nodes.servers[0]!;
    const slotOf = (name: string) => admin.call('CLUSTER', 'KEYSLOT', name) as Promise<number>;
    const slotsOf = (host: string) => {
      const keys = hostKeys('mooring', host);
      const names = [keys.token, keys.journal, keys.lease(web), keys.queue(web), keys.log(web)];
      return Promise.all(names.map(slotOf));
    };
    const [one, other] = [await slotsOf('a'), await slotsOf('b')];

    expect(new Set(one).size).toBe(1);
    expect(new Set(other).size).toBe(1);
    expect(one[0]).not.toBe(other[0]);
  });
});

describe('a primary that Sentinel watches', () => {
  let watched: Watched;

  beforeAll(async () => {
    watched = await startWatched();
  });
  afterAll(() => watched.dispose());

  it('gives no lease that its replica has not, where that is asked for', async () => {
    const { store } = opened(ownUrl(watched.url, 'patience=1000&replicas=1'));
    await store.release(await store.acquire(web, patient));
    await watched.cutReplica();
    await expect(store.acquire(web, patient)).rejects.toMatchObject({
      code: 'store.notReplicated'
    });

    await watched.mendReplica();
    await store.release(await store.acquire(web, patient));
  });

  it('has a successor, which honours no lease whose writes it has lost', async () => {
    const url = ownUrl(watched.url, 'patience=20000');
    const { store } = opened(url);
    const first = await store.acquire(web, patient);
    await store.commit(first, commitOf(1));
    await store.release(first);
    await watched.primary.admin.wait(1, 1000);
    await watched.cutReplica();
    const lost = await store.acquire(web, patient);
    await store.commit(lost, commitOf(2));
    await watched.primary.kill();
    const other = opened(url).store;
    const next = await other.acquire(web, patient);

    expect(next.token).toBeGreaterThan(lost.token);
    expect(countIn(await other.load(web))).toBe(1);
    await other.commit(next, commitOf(3));
    await expect(store.commit(lost, commitOf(4))).rejects.toMatchObject({ code: 'lease.lost' });
    expect(countIn(await store.load(web))).toBe(3);
  });
});

describe('a server behind TLS, with a user who may do the least', () => {
  const certificate = makeCertificate();
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    const { cert, key } = certificate;
    server = await startServer({
      settings: {
        'tls-port': String(port),
        'tls-cert-file': cert,
        'tls-key-file': key,
        'tls-ca-cert-file': cert,
        'tls-auth-clients': 'no'
      }
    });
    url = `rediss://mooring:secret@127.0.0.1:${port}?ca=${cert}`;
    await server.admin.call('ACL', 'SETUSER', 'mooring', ...(await documentedRights()));
  });
  afterAll(async () => {
    await server.dispose();
    certificate.dispose();
  });

  conforms('redis, behind TLS, as the documented user', async () =>
    sharedOn(`${url}&prefix=mooring&patience=10000`, async () => {
      await server.admin.flushall();
    })
  );

  it('is refused when its certificate is not known', async () => {
    const unknown = url.replace(/\?ca=.*/, '?patience=1000');
    await expect(opened(unknown).store.list('container')).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringContaining('self-signed')
    });
  });

  it('lets that user do what hosts do for each other', async () => {
    const root = mkdtempSync(join(tmpdir(), 'mooring-hosted-'));
    const open = (host: string) =>
      openHosted({
        url: `${url}&prefix=mooring&patience=5000`,
        ...{ root: join(root, host), host, boot: 'boot' },
        kinds: ['container'],
        onTrouble: (error) => {
          throw error;
        }
      });
    const [one, other] = [await open('a'), await open('b')];
    const lease = await one.acquire(web, { timeoutMs: 5_000 });
    await one.commit(lease, commitOf(1));
    await one.release(lease);
    const { cluster } = other;
    const agent = await one.cluster!.serve(() => Promise.resolve('done'));
    expect(await cluster!.ask('a', { verb: 'up', args: [] }, { withinMs: 5_000 })).toBe('done');
    await agent.close();
    await cluster!.networks.define({ name: 'front', conflist: '{}', subnets: ['10.1.0.0/24'] });
    await cluster!.addresses.reserve('web', [{ network: 'front', address: '10.1.0.2' }]);
    await cluster!.addresses.release('web', [{ network: 'front', address: '10.1.0.2' }]);
    await cluster!.networks.remove('front');
    await cluster!.takeOver('a', 'web');
    await cluster!.giveBack('a', 'web');
    await one.cluster!.reconcile();
    await cluster!.dropHost('a');

    expect((await cluster!.hosts()).map(({ host }) => host)).not.toContain('a');
    await Promise.all([one.close(), other.close()]);
    rmSync(root, { recursive: true });
  });

  it('lets that user do nothing else', async () => {
    const { connection } = opened(`${url}&patience=1000`);
    const asked = [
      connection.call((client) => client.set('other', '1'), { doing: 'a foreign key' }),
      connection.call((client) => client.flushall(), { doing: 'flushing' }),
      connection.call((client) => client.config('GET', '*'), { doing: 'configuring' })
    ];

    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'store.denied' });
  });
});

/** What docs/redis.md tells to give to a user. */
async function documentedRights(): Promise<readonly string[]> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL('../../docs/redis.md', import.meta.url), 'utf8');
  const [, rights] = /ACL SETUSER mooring ([^`]+)```/.exec(text) ?? [];
  return rights!.replaceAll('\\\n', ' ').trim().split(/\s+/);
}

async function sharedOn(url: string, clear?: () => Promise<void>): Promise<Shared> {
  const address = parseAddress(url);
  const connections: Connection[] = [];
  return {
    async open() {
      const connection = connect(address);
      connections.push(connection);
      return redisStore({ connection, host: 'a' });
    },
    async breakLease(key) {
      const looker = connect(address);
      const name = hostKeys(address.prefix, 'a').lease(key);
      await looker.call((client) => client.del(name), { doing: 'breaking a lease' });
      looker.close();
    },
    async dispose() {
      for (const connection of connections) connection.close();
      await clear?.();
      await delay(0);
    }
  };
}
