import { describe, expect, it, vi } from 'vitest';
import { MooringError } from '../../src/model/failure.ts';
import { stateOf } from '../../src/actors/views.ts';
import type { ContainerContext } from '../../src/machines/container-context.ts';
import { settleAll } from '../../src/recovery.ts';
import { keyText, type Key, type Known } from '../../src/store/store.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import { startProcess } from './process.ts';
import { createWorld, specOf, standing } from './world.ts';

const keyOf = (id: string): Key => ({ kind: 'container', id });
const upOf = (id: string, networks = ['front']) =>
  ({ type: 'container.up', container: id, spec: specOf(id, networks) }) as const;
const downOf = (id: string) => ({ type: 'container.down', container: id }) as const;

describe('the loop', () => {
  it('brings a container up and takes it away', async () => {
    const world = createWorld();
    const { registry, store } = startProcess(memoryBacking(), world);

    const rest = await registry.ask(keyOf('web'), upOf('web', ['front', 'back']));
    expect(stateOf(rest.value)).toBe('up');
    expect(standing(world)).toEqual([
      'attachment web/back',
      'attachment web/front',
      'files web',
      'netns web',
      'network back',
      'network front'
    ]);

    await registry.ask(keyOf('web'), downOf('web'));
    expect(standing(world)).toEqual([]);
    expect(await store.list('container')).toEqual([]);
  });

  it('commits a request before it performs it', async () => {
    const world = createWorld();
    const backing = memoryBacking();
    const { registry, store } = startProcess(backing, world);
    const recorded: boolean[] = [];
    world.pause = async (point) => {
      if (point !== 'before cni.add web/front') return;
      const actor = await store.load(keyOf('web'));
      recorded.push(actor?.outstanding.some(({ request }) => request.type === 'cni.add') ?? false);
    };

    await registry.ask(keyOf('web'), upOf('web'));

    expect(recorded).toEqual([true]);
  });

  it('writes a journal without gaps that tells what each event followed from', async () => {
    const { registry, store } = startProcess(memoryBacking(), createWorld());
    await registry.ask(keyOf('web'), upOf('web'));

    const records = await all(store.journal(keyOf('web')));
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
    expect(new Set(records.map(({ correlation }) => correlation)).size).toBe(1);
    const asked = new Set(records.flatMap(({ requests }) => requests.map(({ id }) => id)));
    expect(records.slice(1).every(({ causation }) => asked.has(causation ?? ''))).toBe(true);
    const [first] = await all(store.journal({ kind: 'namespace', id: 'web' }));
    expect(first?.correlation).toBe(records[0]?.correlation);
  });

  it('gives back what was still being taken when something else was refused', async () => {
    const world = createWorld();
    world.refuse.set('netns.create web', 1);
    let open = (): void => undefined;
    const afterRefusal = new Promise<void>((resolve) => (open = resolve));
    world.pause = async (point) => {
      if (point === 'after netns.create web') setTimeout(open, 20);
      await Promise.resolve();
    };
    const { registry, store } = startProcess(memoryBacking(), world, {
      wrapStore: (inner) => ({
        ...inner,
        // Network front is held, and before it can be told the netns has been refused.
        async release(lease) {
          if (keyText(lease.key) === 'network/front') await afterRefusal;
          await inner.release(lease);
        }
      })
    });
    const rest = await registry.ask(keyOf('web'), upOf('web', ['front', 'back']));
    await registry.idle();

    expect(stateOf(rest.value)).toBe('failed');
    expect(standing(world)).toEqual([]);
    expect(await store.list('network')).toEqual([]);
  });

  it('records nothing for a command that means nothing', async () => {
    const { registry, store } = startProcess(memoryBacking(), createWorld());

    const rest = await registry.ask(keyOf('web'), downOf('web'));

    expect(rest.value).toBe('absent');
    expect(await store.load(keyOf('web'))).toBeUndefined();
    expect(await all(store.journal(keyOf('web')))).toEqual([]);
  });

  it('answers two who ask for the same with the same', async () => {
    const world = createWorld();
    const { registry } = startProcess(memoryBacking(), world);

    const rests = await Promise.all([
      registry.ask(keyOf('web'), upOf('web')),
      registry.ask(keyOf('web'), upOf('web'))
    ]);

    expect(rests.map(({ value }) => value)).toEqual(['up', 'up']);
    expect(world.log.filter((line) => line.startsWith('cni.add'))).toHaveLength(1);
  });

  it('lets the last command decide', async () => {
    const world = createWorld();
    const { registry } = startProcess(memoryBacking(), world);

    const [, second, third] = await Promise.all([
      registry.ask(keyOf('web'), upOf('web')),
      registry.ask(keyOf('web'), downOf('web')),
      registry.ask(keyOf('web'), upOf('web', ['back']))
    ]);

    expect([second.value, third.value]).toEqual(['up', 'up']);
    expect(standing(world)).toEqual([
      'attachment web/back',
      'files web',
      'netns web',
      'network back'
    ]);
  });

  it('keeps what comes too early until it means something', async () => {
    const { registry } = startProcess(memoryBacking(), createWorld());
    const connect = {
      type: 'container.connect',
      container: 'web',
      attachment: { network: 'back', ifName: '' }
    } as const;

    const [, second] = await Promise.all([
      registry.ask(keyOf('web'), upOf('web')),
      registry.ask(keyOf('web'), connect)
    ]);

    const { attachments } = second.context as ContainerContext;
    expect(attachments.map(({ network }) => network)).toEqual(['front', 'back']);
  });

  it('takes down after a reboot what the kernel no longer holds, and gives the rest back', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const before = startProcess(backing, world);
    await before.registry.ask(keyOf('web'), upOf('web', ['front', 'back']));
    await before.registry.idle();
    world.netns.clear();

    const after = startProcess(backing, world, { boot: 'second' });
    const recovered = await settleAll(after);

    expect(recovered).toEqual([{ id: 'web', state: 'failed' }]);
    expect(standing(world)).toEqual([]);
    expect(await after.store.list('namespace')).toEqual([]);
    expect(await after.store.list('network')).toEqual([]);
    expect(await settleAll(after)).toEqual([]);

    const rest = await after.registry.ask(keyOf('web'), upOf('web'));
    expect(rest.value).toBe('up');
  });

  it('brings a new container up after a reboot beside one nobody has looked at yet', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const before = startProcess(backing, world);
    await before.registry.ask(keyOf('web'), upOf('web'));
    await before.registry.idle();
    world.netns.clear();

    const after = startProcess(backing, world, { boot: 'second' });
    const rest = await after.registry.ask(keyOf('db'), upOf('db'));
    expect(rest.value).toBe('up');
    await settleAll(after);
    await after.registry.ask(keyOf('db'), downOf('db'));

    expect(standing(world)).toEqual([]);
    expect(await after.store.list('network')).toEqual([]);
  });

  it('gives its lease back when it rests, and takes it again', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const first = startProcess(backing, world);
    const second = startProcess(backing, world);

    await first.registry.ask(keyOf('web'), upOf('web'));
    await first.registry.idle();
    const rest = await second.registry.ask(keyOf('web'), downOf('web'));

    expect(rest.value).toBe('absent');
    expect(standing(world)).toEqual([]);
  });

  it('goes on from what another process did meanwhile, and not from what it remembers', async () => {
    const [backing, world] = [memoryBacking(), createWorld()];
    const one = startProcess(backing, world);
    const other = startProcess(backing, world);
    await one.registry.ask(keyOf('web'), upOf('web', ['front']));
    await other.registry.ask(keyOf('web'), downOf('web'));
    await other.registry.ask(keyOf('web'), upOf('web', ['back']));

    await one.registry.ask(keyOf('web'), downOf('web'));

    expect(standing(world)).toEqual([]);
    expect(await one.store.list('container')).toEqual([]);
  });

  it('does not read again what it committed last, and does after a commit that failed', async () => {
    const [backing, world] = [memoryBacking(), createWorld()];
    const answers: string[] = [];
    let failing = '';
    const { registry } = startProcess(backing, world, {
      wrapStore: (store) => ({
        ...store,
        load: async (key: Key, known?: Known) => {
          const found = await store.load(key, known);
          if (key.kind === 'container') answers.push(typeof found);
          return found as never;
        },
        commit: (lease, commit) => {
          if (commit.event.type !== failing) return store.commit(lease, commit);
          failing = '';
          return Promise.reject(new MooringError('store.full', 'no room left'));
        }
      })
    });
    const ask = (command: ReturnType<typeof upOf> | ReturnType<typeof downOf>) =>
      registry.ask(keyOf('web'), command);

    await ask(upOf('web'));
    failing = 'container.down';
    await expect(ask(downOf('web'))).rejects.toMatchObject({ code: 'store.full' });
    const rest = await ask(upOf('web'));

    expect(stateOf(rest.value)).toBe('up');
    expect(answers).toEqual(['undefined', 'string', 'object']);
    await ask(downOf('web'));
    expect(standing(world)).toEqual([]);
  });

  it('says the same of its rest as a process that reads it, however time passes', async () => {
    let time = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => ++time);
    try {
      const [backing, world] = [memoryBacking(), createWorld()];
      const processes = [startProcess(backing, world), startProcess(backing, world)];

      const [one, other] = processes.map(({ registry }) => registry);
      const worked = await one!.ask(keyOf('web'), upOf('web'));
      const read = await other!.ask(keyOf('web'), upOf('web'));

      expect(read.since).toBe(worked.since);
    } finally {
      clock.mockRestore();
    }
  });

  it('waits for another process that is at the same container', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const processes = [startProcess(backing, world), startProcess(backing, world)];

    const rests = await Promise.all(
      processes.map(({ registry }) => registry.ask(keyOf('web'), upOf('web')))
    );

    expect(rests.map(({ value }) => value)).toEqual(['up', 'up']);
    expect(world.log.filter((line) => line === 'netns.create web')).toHaveLength(1);
  });

  it('runs no more plugins at once than it has places, however many containers come', async () => {
    const world = createWorld();
    let running = 0;
    let most = 0;
    const { registry } = startProcess(memoryBacking(), world, {
      places: 3,
      wrap: (effects) => ({
        ...effects,
        'cni.add': async (request, context) => {
          running += 1;
          most = Math.max(most, running);
          try {
            return await effects['cni.add'](request, context);
          } finally {
            running -= 1;
          }
        }
      })
    });

    const ids = Array.from({ length: 40 }, (_, index) => `web-${index}`);
    const rests = await Promise.all(ids.map((id) => registry.ask(keyOf(id), upOf(id))));

    expect(rests.every(({ value }) => value === 'up')).toBe(true);
    expect(most).toBe(3);
  });

  it('gives an aborted command back when it has not been taken', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const { registry, store } = startProcess(backing, world);
    const lease = await store.tryAcquire(keyOf('web'));
    const abort = new AbortController();

    const asked = registry.ask(keyOf('web'), upOf('web'), { signal: abort.signal });
    abort.abort(new Error('no longer wanted'));
    await store.release(lease!);

    await expect(asked).rejects.toThrow('no longer wanted');
    expect(world.log).toEqual([]);
  });

  it('turns a handler that throws into a refusal, and unwinds', async () => {
    const world = createWorld();
    const { registry, errors } = startProcess(memoryBacking(), world, {
      wrap: (effects) => ({ ...effects, 'cni.add': () => Promise.reject(new Error('a mistake')) })
    });

    const rest = await registry.ask(keyOf('web'), upOf('web'));

    expect(stateOf(rest.value)).toBe('failed');
    expect(rest.context).toMatchObject({ failure: { message: 'cni.add: a mistake' } });
    expect(standing(world)).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  it('stops and tells the caller when its lease was taken away', async () => {
    const backing = memoryBacking();
    const world = createWorld();
    const { registry } = startProcess(backing, world);
    world.pause = (point) => {
      if (point === 'before cni.add web/front') backing.breakLease(keyOf('web'));
      return Promise.resolve();
    };

    await expect(registry.ask(keyOf('web'), upOf('web'))).rejects.toMatchObject({
      code: 'lease.lost'
    });

    expect(world.log.at(-1)).toBe('cni.add web/front');
  });
});

describe('the bus', () => {
  it('tells what is committed, in order, and goes on when a subscriber throws', async () => {
    const { registry, bus, errors } = startProcess(memoryBacking(), createWorld());
    const seen: string[] = [];
    bus.committed$.subscribe(({ key, event }) => {
      if (key === keyText(keyOf('web'))) seen.push(event.type);
    });

    await registry.ask(keyOf('web'), upOf('web'));

    expect(seen).toEqual(['container.up', 'resources.held', 'attachment.added', 'files.written']);
    expect(errors).toEqual([]);
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
