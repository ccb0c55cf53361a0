import { MooringError } from '../../model/failure.ts';
import {
  keyText,
  type Key,
  type Known,
  type Lease,
  type Store,
  type StoredActor
} from '../../store/store.ts';
import { never } from './clock.ts';
import { redisLeases } from './redis-leases.ts';
import type { RedisServer } from './redis-server.ts';
import type { Site } from './world.ts';

/** The store of a process that asks a server for everything, which may not answer. */
export function redisModel(site: Site, server: RedisServer, isFenced = true): Store {
  const { host, owner } = site;
  const { clock, name } = host;
  const state = server.state(name);
  const leases = redisLeases(site, isFenced, renewed);
  let questions = 0;

  return {
    boot: host.boot,
    host: host.name,
    acquire,
    tryAcquire: take,
    async release(lease) {
      await dies('release', lease.key, async () => {
        leases.end(lease);
        const free = (): void => {
          if (state.holds(lease.key, lease.token)) server.free(name, lease.key);
        };
        // One that can't be given back ends by itself.
        await ask('write', 'release', free).catch(() => undefined);
      });
    },
    load: rest,
    async commit(lease, commit) {
      return dies(`commit ${commit.event.type}`, lease.key, async () => {
        leases.expectHeld(lease);
        const time = Math.round(clock.now) + host.skewMs;
        const frame = { host: name, boot: host.boot, time };
        await ask('write', `commit ${commit.event.type}`, () =>
          state.commit(lease.key, lease.token, commit, frame)
        ).catch((error: unknown) => leases.tellLost(lease, error));
        return time;
      });
    },
    async forget(lease) {
      await dies('forget', lease.key, async () => {
        leases.expectHeld(lease);
        leases.end(lease);
        await ask('write', 'forget', () => {
          state.forget(lease.key, lease.token);
          server.free(name, lease.key);
        }).catch((error: unknown) => leases.tellLost(lease, error));
      });
    },
    list: (kind) => ask('read', `list ${kind}`, () => state.list(kind)),
    journal: () => nothing(),
    follow: () => nothing(),
    allocations: (kind) => ask('read', `allocations ${kind}`, () => state.allocations(kind)),
    allocate: (kind, version, holder, entries) =>
      ask('write', `allocate ${kind}`, () => state.allocate(kind, version, holder, entries)),
    async close() {
      for (const lease of leases.all()) await this.release(lease);
    }
  };

  async function acquire(
    key: Key,
    { timeoutMs, signal }: Parameters<Store['acquire']>[1]
  ): Promise<Lease> {
    const deadline = clock.now + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      const lease = await take(key);
      if (lease !== undefined) return lease;
      await freedOr(key, deadline - clock.now, timeoutMs);
    }
  }

  async function take(key: Key): Promise<Lease | undefined> {
    const askedAt = clock.now;
    const granted = await ask('write', `grant ${keyText(key)}`, () =>
      server.grant(name, key, site.process)
    );
    return 'token' in granted ? leases.hold(key, granted.token, askedAt) : undefined;
  }

  function renewed({ key, token }: Lease): Promise<boolean> {
    return ask('write', `renew ${keyText(key)}`, () => server.renew(name, key, token));
  }

  async function rest(key: Key): Promise<StoredActor | undefined>;
  async function rest(
    key: Key,
    known: Known | undefined
  ): Promise<StoredActor | 'unchanged' | undefined>;
  async function rest(key: Key, known?: Known): Promise<StoredActor | 'unchanged' | undefined> {
    const actor = await ask('read', `load ${keyText(key)}`, () => state.load(key));
    const isKnown = known !== undefined && actor?.seq === known.seq && actor.token === known.token;
    return isKnown ? 'unchanged' : actor;
  }

  function ask<Answer>(kind: 'read' | 'write', what: string, work: () => Answer): Promise<Answer> {
    if (owner.state === 'dead') return never();
    questions += 1;
    const label = `${site.process} ${questions} ${what}`;
    return server.ask({ host: name, owner, label }, kind, work);
  }

  /** With a point before it is asked, and one when the answer has come. */
  async function dies<Result>(
    what: string,
    key: Key,
    work: () => Promise<Result>
  ): Promise<Result> {
    const text = keyText(key);
    if (owner.state === 'dead' || site.reach('before', what, text)) return never();
    const result = await work();
    return site.reach('after', what, text) ? never() : result;
  }

  async function freedOr(key: Key, leftMs: number, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = clock.at(Math.max(0, leftMs), owner, () => {
        reject(
          new MooringError('lease.timedOut', `${keyText(key)} is in use, waited ${timeoutMs} ms`)
        );
      });
      server.await(name, key, () => {
        timer.cancelled = true;
        clock.at(0, owner, resolve);
      });
    });
  }
}

async function* nothing(): AsyncGenerator<never> {
  // What is told of a simulated store is told by the run.
}
