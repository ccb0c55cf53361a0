import { describe, expect, it } from 'vitest';
import type { Rest } from '../../src/actors/durable-actor.ts';
import { containerView, stateOf } from '../../src/actors/views.ts';
import { settleAll } from '../../src/recovery.ts';
import { memoryBacking, type MemoryBacking } from '../../src/store/memory.ts';
import type { Key, Store } from '../../src/store/store.ts';
import { startProcess, type Fate, type Process } from './process.ts';
import { createWorld, specOf, standing, type World } from './world.ts';

const web: Key = { kind: 'container', id: 'web' };
const up = {
  type: 'container.up',
  container: 'web',
  spec: specOf('web', ['front', 'back'], 80)
} as const;
const down = { type: 'container.down', container: 'web' } as const;

interface Scenario {
  readonly refuse: readonly (readonly [string, number])[];
  readonly play: (process: Process) => Promise<unknown>;
}

const connectOf = (network: string) =>
  ({
    type: 'container.connect',
    container: 'web',
    attachment: { network, ifName: '' }
  }) as const;
const disconnectOf = (network: string) =>
  ({ type: 'container.disconnect', container: 'web', network }) as const;

const upAndDown = async ({ registry }: Process) => {
  await registry.ask(web, up);
  await registry.ask(web, down);
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'up and down': { refuse: [], play: upAndDown },
  'a reload of everything': {
    refuse: [],
    play: async ({ registry }) => {
      await registry.ask(web, up);
      await registry.ask(web, { type: 'container.reload', container: 'web', full: true });
    }
  },
  'a network that comes and goes': {
    refuse: [['cni.add web/storage', 1]],
    play: async ({ registry }) => {
      await registry.ask(web, up);
      await registry.ask(web, connectOf('storage'));
      await registry.ask(web, disconnectOf('front'));
      await registry.ask(web, connectOf('front'));
    }
  },
  'a refused network': {
    refuse: [['cni.add web/back', 1]],
    play: ({ registry }) => registry.ask(web, up)
  },
  'a DEL that is refused for good': { refuse: [['cni.del web/front', 3]], play: upAndDown },
  'a netns that cannot be made': {
    refuse: [['netns.create web', 1]],
    play: ({ registry }) => registry.ask(web, up)
  }
};

describe.each(Object.entries(SCENARIOS))('a crash in %s', (_, scenario) => {
  it('leaves nothing behind at whatever point it comes, once it is recovered', async () => {
    const points = await countPoints(scenario);
    expect(points).toBeGreaterThan(20);

    for (let point = 1; point <= points; point += 1) {
      const { world, backing } = await playUntil(scenario, point);
      const process = startProcess(backing, world);
      await settleAll(process);
      expect(await consistent(process.store, world), `killed at point ${point}`).toBe('');
      await expectGone(process, world, `killed at point ${point}`);
    }
  });

  it('is survived by the next command alone', async () => {
    const points = await countPoints(scenario);

    for (let point = 1; point <= points; point += 1) {
      const { world, backing } = await playUntil(scenario, point);
      world.refuse.clear();
      const process = startProcess(backing, world);
      const rest = await process.registry.ask(web, up);
      expect(['up', 'failed', 'absent', 'stuck']).toContain(stateOf(rest.value));
      if (stateOf(rest.value) !== 'up') await process.registry.ask(web, up);
      expect(await stateIn(process.store), `killed at point ${point}`).toBe('up');
      await expectGone(process, world, `killed at point ${point}`);
    }
  });

  it('may come again while it is being recovered', async () => {
    const points = await countPoints(scenario);

    for (let point = 1; point <= points; point += 3) {
      for (let second = 1; ; second += 1) {
        const { world, backing } = await playUntil(scenario, point);
        const killed = await playWith(backing, world, second, (process) => settleAll(process));
        const process = startProcess(backing, world);
        await settleAll(process);
        const where = `killed at point ${point}, and again at ${second}`;
        expect(await consistent(process.store, world), where).toBe('');
        await expectGone(process, world, where);
        if (!killed) break;
      }
    }
  }, 120_000);
});

async function countPoints(scenario: Scenario): Promise<number> {
  let points = 0;
  const fate: Fate = {
    at: () => {
      points += 1;
      return Promise.resolve();
    }
  };
  await scenario.play(startProcess(memoryBacking(), worldOf(scenario), { fate }));
  return points;
}

function worldOf({ refuse }: Scenario): World {
  const world = createWorld();
  for (const [line, times] of refuse) world.refuse.set(line, times);
  return world;
}

async function playUntil(
  scenario: Scenario,
  point: number
): Promise<{ world: World; backing: MemoryBacking }> {
  const world = worldOf(scenario);
  const backing = memoryBacking();
  await playWith(backing, world, point, scenario.play);
  return { world, backing };
}

/** @returns whether it died before it was done */
async function playWith(
  backing: MemoryBacking,
  world: World,
  point: number,
  play: (process: Process) => Promise<unknown>
): Promise<boolean> {
  let seen = 0;
  let die: (killed: boolean) => void = () => undefined;
  const death = new Promise<boolean>((resolve) => (die = resolve));
  const never = new Promise<void>(() => undefined);
  const fate: Fate = {
    at: () => {
      seen += 1;
      if (seen < point) return Promise.resolve();
      die(true);
      // Whatever else the dead one had under way stops at its next point too.
      return never;
    },
    alive: () => (seen < point ? Promise.resolve() : never)
  };
  const killed = await Promise.race([
    death,
    play(startProcess(backing, world, { fate })).then(() => false)
  ]);
  // The kernel frees the locks of a process that has died.
  for (const kind of ['container', 'namespace', 'network'] as const) {
    for (const id of ['web', 'front', 'back', 'storage']) backing.breakLease({ kind, id });
  }
  return killed;
}

async function stateIn(store: Store): Promise<string> {
  const actor = await store.load(web);
  return actor ? stateOf(actor.value) : 'none';
}

/** What the record says and the world does not, or the other way round; `''` when they agree. */
async function consistent(store: Store, world: World): Promise<string> {
  const actor = await store.load(web);
  const state = actor ? stateOf(actor.value) : 'none';
  const there = standing(world);
  const members = actor ? containerView(actor).spec.networks.map(({ network }) => network) : [];
  const whole = [
    ...members.map((network) => `attachment web/${network}`),
    ...members.map((network) => `network ${network}`),
    ...['files web', 'netns web', 'port web']
  ]
    .sort()
    .join();
  if (state === 'up') return there.join() === whole ? '' : `up with ${there.join()}`;
  if (state === 'stuck') return '';
  return there.length === 0 ? '' : `${state} with ${there.join()}`;
}

async function expectGone(process: Process, world: World, where: string): Promise<void> {
  world.refuse.clear();
  const rest: Rest = await process.registry.ask(web, down);
  expect(stateOf(rest.value), where).toBe('absent');
  expect(standing(world), where).toEqual([]);
  for (const kind of ['container', 'namespace', 'network'] as const) {
    expect(await process.store.list(kind), where).toEqual([]);
  }
  expect(process.errors, where).toEqual([]);
}
