import { holdEffects } from '../../src/actors/holds.ts';
import { nanoid } from 'nanoid';
import { lane } from '../../src/actors/lanes.ts';
import { MACHINES } from '../../src/actors/machines.ts';
import { createRegistry, type Registry } from '../../src/actors/registry.ts';
import type { SpanLog } from '../../src/actors/runtime.ts';
import { createBus, type Bus } from '../../src/bus/bus.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { memoryStore, type MemoryBacking } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { worldEffects, worldResources, type World } from './world.ts';

/** A process that works on a store and a world, and can be killed at any point. */
export interface Process {
  readonly registry: Registry;
  readonly store: Store;
  readonly bus: Bus;
  readonly errors: unknown[];
  /** Operations whose leftovers were ended before they were taken up. */
  readonly orphans: string[];
}

export interface Fate {
  /** Told at every point; what it gives back is awaited, and for the dead never comes. */
  readonly at: (point: string) => Promise<void>;
  /** Awaited where dying makes no difference, but the dead must not go on. */
  readonly alive?: () => Promise<void>;
}

const immortal: Fate = { at: () => Promise.resolve() };

export function startProcess(
  backing: MemoryBacking,
  world: World,
  {
    fate = immortal,
    places = 4,
    wrap = (effects) => effects,
    wrapStore = (store) => store,
    boot = 'first',
    spans
  }: {
    readonly fate?: Fate;
    readonly places?: number;
    readonly wrap?: (effects: Effects) => Effects;
    readonly wrapStore?: (store: Store) => Store;
    /** Boot of the host it runs on. */
    readonly boot?: string;
    readonly spans?: SpanLog;
  } = {}
): Process {
  const errors: unknown[] = [];
  const orphans: string[] = [];
  const store = wrapStore(mortal(memoryStore({ backing, boot }), fate));
  const bus = createBus((error) => errors.push(error));
  const mine: World = { ...world, pause: (point) => fate.at(point).then(() => world.pause(point)) };
  const effects: Effects = {
    ...worldEffects(mine),
    ...holdEffects(() => registry, worldResources(mine))
  };
  const registry: Registry = createRegistry({
    store,
    bus,
    effects: wrap(effects),
    machines: MACHINES,
    pluginLane: lane(places),
    settleOrphans: async (operation) => {
      orphans.push(operation);
      await fate.at('orphans');
    },
    lockTimeoutMs: 10_000,
    shutdown: new AbortController().signal,
    now: Date.now,
    newId: () => nanoid(),
    ...(spans && { spans }),
    log: { debug: () => undefined, error: (fields) => errors.push(fields) }
  });
  return { registry, store, bus, errors, orphans };
}

/** Dies before or after each write that others can see. */
function mortal(store: Store, { at, alive = () => Promise.resolve() }: Fate): Store {
  return {
    ...store,
    async acquire(key, options) {
      await alive();
      return store.acquire(key, options);
    },
    async tryAcquire(key) {
      await alive();
      return store.tryAcquire(key);
    },
    async commit(lease, commit) {
      await at(`before commit ${commit.event.type}`);
      const time = await store.commit(lease, commit);
      await at(`after commit ${commit.event.type}`);
      return time;
    },
    async forget(lease) {
      await at(`before forget ${lease.key.kind}`);
      await store.forget(lease);
      await at(`after forget ${lease.key.kind}`);
    },
    async release(lease) {
      await at(`before release ${lease.key.kind}`);
      await store.release(lease);
      await at(`after release ${lease.key.kind}`);
    }
  };
}
