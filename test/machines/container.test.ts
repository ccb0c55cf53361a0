import { describe, expect, it } from 'vitest';
import { DEL_ATTEMPTS, DEL_BACKOFF_MS } from '../../src/machines/container-context.ts';
import { container, failure, netns, port, result, specOf } from './samples.ts';
import { brief, createWorld, type World } from './world.ts';

const down = { type: 'container.down', container } as const;
const retry = { type: 'container.retry', container } as const;
const up = (networks: readonly string[] = ['front', 'back'], ports = [port]) =>
  ({ type: 'container.up', container, spec: specOf(networks, ports) }) as const;

function brought(networks: readonly string[] = ['front', 'back'], ports = [port]): World {
  const world = createWorld();
  world.send(up(networks, ports));
  world.settle();
  return world;
}

/** Refuses every DEL of this network until the machine rests. */
function refusingDel(world: World, network: string): void {
  world.grantUntil(`cni.del ${network}`);
  while (world.waiting.length > 0) {
    if (brief(world.waiting[0]!) === `cni.del ${network}`) world.refuse();
    else world.grant();
  }
}

describe('up', () => {
  it('holds ports, networks and netns, adds the networks in order and writes the files', () => {
    const { asked, snapshot } = brought();

    expect(snapshot().value).toBe('up');
    expect(asked).toEqual(['resources.hold', 'cni.add front', 'cni.add back', 'files.write']);
  });

  it('asks for the ports it publishes and for a network that can publish them', () => {
    const world = createWorld();
    world.send(up());

    expect(world.waiting[0]).toMatchObject({
      networks: [{ network: 'front' }, { network: 'back' }],
      publishes: true,
      ports: [port],
      namespace: { kind: 'own' }
    });
  });

  it('asks for no netns in that of the host', () => {
    const world = createWorld();
    const spec = { ...specOf([]), namespace: { kind: 'host' } as const };
    world.send({ type: 'container.up', container, spec });
    expect(world.waiting[0]).toMatchObject({ namespace: null });

    world.settle();
    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context.netns).toBeNull();
  });

  it('deletes everything it began, last first, when one network refuses', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add back');
    world.refuse();
    world.settle();

    expect(world.snapshot().value).toBe('failed');
    expect(world.snapshot().context.failure).toEqual(failure);
    expect(world.asked.slice(-3)).toEqual(['cni.del back', 'cni.del front', 'resources.release']);
  });

  it('changes nothing when a network is not found', () => {
    const world = createWorld();
    world.send(up());
    world.answer({ type: 'resources.refused', container, failure });

    expect(world.snapshot().value).toBe('absent');
    expect(world.snapshot().context.refusal).toEqual(failure);
    expect(world.asked).toEqual(['resources.hold']);
  });

  it('gives back what it may hold when holding fails half-way', () => {
    const world = createWorld();
    world.send(up());
    world.refuse();
    expect(world.waiting[0]).toMatchObject({
      type: 'resources.release',
      namespace: { kind: 'own' },
      networks: ['front', 'back'],
      rest: true
    });

    world.settle();
    expect(world.snapshot().value).toBe('failed');
  });

  it('keeps the reason of an earlier failure when the next spec is refused', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add front');
    world.refuse();
    world.settle();
    world.send(up(['front'], [port]));
    const inUse = { code: 'port.inUse', message: 'port 8080 is in use' };
    world.answer({ type: 'resources.refused', container, failure: inUse });

    const { value, context } = world.snapshot();
    expect(value).toBe('failed');
    expect(context).toMatchObject({ failure, refusal: inUse });
    expect(context.spec).toEqual(specOf(['front', 'back'], [port]));
  });

  it('forgets an earlier failure once a spec is accepted', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add front');
    world.refuse();
    world.settle();
    world.send(up());
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context.failure).toBeNull();
  });
});

describe('down', () => {
  it('gives DEL back what ADD answered', () => {
    const world = brought(['front'], []);
    world.send(down);

    expect(world.waiting[0]).toMatchObject({ type: 'cni.del', netns, attachment: { result } });
  });

  it('lets the plugin at work finish, then deletes that network too', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add front');
    world.send(down);
    expect(world.waiting.map(brief)).toEqual(['cni.add front']);

    world.settle();
    expect(world.snapshot().value).toBe('absent');
    expect(world.asked).not.toContain('cni.add back');
    expect(world.asked).toContain('cni.del front');
  });

  it('before anything was changed has nothing to undo', () => {
    const world = createWorld();
    world.send(up());
    world.send(down);
    world.settle();

    expect(world.snapshot().value).toBe('absent');
    expect(world.asked).toEqual(['resources.hold', 'resources.release']);
  });

  it('asks for DEL three times, pausing longer each time, then goes on without it', () => {
    const world = brought(['front', 'back']);
    const pauses: number[] = [];
    world.send(down);
    while (world.waiting.length > 0) {
      const request = world.waiting[0]!;
      if (request.type === 'timer.set') pauses.push(request.delayMs);
      if (brief(request) === 'cni.del back') world.refuse();
      else world.grant();
    }

    expect(world.asked.filter((line) => line === 'cni.del back')).toHaveLength(DEL_ATTEMPTS);
    expect(pauses).toEqual([DEL_BACKOFF_MS, 2 * DEL_BACKOFF_MS]);
    expect(world.asked).toContain('cni.del front');
  });

  it('gives the netns back though DEL failed, and keeps networks and ports for another try', () => {
    const world = brought();
    world.send(down);
    refusingDel(world, 'back');

    const { value, context } = world.snapshot();
    expect(value).toBe('stuck');
    expect(context.leftovers).toEqual([failure]);
    expect(context.attachments.map(({ network }) => network)).toEqual(['back']);
    expect(context.netns).toBeNull();
    expect(context.ports).toEqual([port]);
    expect(world.released).toEqual([{ namespace: { kind: 'own' }, networks: [], rest: false }]);
  });

  it.each([
    ['down', down],
    ['retry', retry]
  ])('takes up a stuck teardown on %s, without the netns', (_, again) => {
    const world = brought();
    world.send(down);
    refusingDel(world, 'back');
    const before = world.asked.length;
    world.send(again);
    expect(world.waiting[0]).toMatchObject({ type: 'cni.del', netns: null });

    world.settle();
    expect(world.snapshot().value).toBe('absent');
    expect(world.asked.slice(before)).toEqual([
      'cni.del back',
      'firewall.sweep',
      'resources.release'
    ]);
    expect(world.released.at(-1)).toMatchObject({ networks: ['front', 'back'], rest: true });
  });

  it('sweeps the firewall when a DEL may have left rules, and only then', () => {
    const world = brought(['front'], []);
    world.send(down);
    world.grant({ suspect: true });
    expect(world.waiting.map(brief)).toEqual(['firewall.sweep']);

    const plain = brought(['front'], []);
    plain.send(down);
    plain.settle();
    expect(plain.asked).not.toContain('firewall.sweep');
  });

  it('goes on past every refusal and keeps them all', () => {
    const world = brought(['front']);
    world.send(down);
    while (world.waiting.length > 0) {
      if (world.waiting[0]!.type === 'cni.del') world.grant();
      else world.refuse();
    }

    expect(world.snapshot().value).toBe('stuck');
    expect(world.snapshot().context.leftovers).toEqual([failure]);
    expect(world.snapshot().context.netns).toEqual(netns);
    expect(world.snapshot().context.ports).toEqual([port]);
  });

  it('knows of the netns what is true of it when the rest could not be given back', () => {
    const world = brought(['front']);
    world.send(down);
    world.grantUntil('resources.release');
    world.answer({
      type: 'resources.releaseFailed',
      container,
      failures: [failure],
      netnsGone: true
    });

    expect(world.snapshot().value).toBe('stuck');
    expect(world.snapshot().context.netns).toBeNull();
  });

  it('of a container that never came up means nothing', () => {
    const world = createWorld();
    world.send(down);

    expect(world.snapshot().value).toBe('absent');
    expect(world.asked).toEqual([]);
  });

  it('of a failed container forgets it', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add front');
    world.refuse();
    world.settle();
    world.send(down);

    expect(world.snapshot().value).toBe('absent');
  });
});

describe('a change of mind', () => {
  it('brings it up again after the teardown, with the new spec', () => {
    const world = brought();
    world.send(down);
    world.send(up(['storage'], []));
    world.settle();

    const { value, context } = world.snapshot();
    expect(value).toBe('up');
    expect(context.attachments.map(({ network }) => network)).toEqual(['storage']);
    expect(world.asked.indexOf('cni.del front')).toBeLessThan(
      world.asked.indexOf('cni.add storage')
    );
  });

  it('leaves it down when a down follows', () => {
    const world = brought();
    world.send(down);
    world.send(up(['storage'], []));
    world.send(down);
    world.settle();

    expect(world.snapshot().value).toBe('absent');
    expect(world.asked).not.toContain('cni.add storage');
  });

  it('while it is coming up takes the newest spec, from the beginning', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add front');
    world.send(down);
    world.send(up(['storage'], []));
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context.spec).toEqual(specOf(['storage']));
  });

  it('clears a stuck container before it comes up again', () => {
    const world = brought();
    world.send(down);
    refusingDel(world, 'back');
    world.send(up(['front'], []));
    expect(world.waiting.map(brief)).toEqual(['cni.del back']);

    world.settle();
    expect(world.snapshot().value).toBe('up');
  });
});

describe('what means nothing', () => {
  it.each([
    ['a retry of one that is up', retry],
    ['an up of one that is up', up(['storage'], [])],
    ['a late fact', { type: 'attachment.addFailed', container, network: 'front', failure } as const]
  ])('leaves it as it is: %s', (_, event) => {
    const world = brought();
    const before = world.snapshot();
    world.send(event);

    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context).toEqual(before.context);
    expect(world.waiting).toEqual([]);
  });
});
