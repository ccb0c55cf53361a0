import { describe, expect, it } from 'vitest';
import { DEL_ATTEMPTS, DEL_BACKOFF_MS } from '../../src/machines/container-setup.ts';
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
  it('claims ports, holds networks and netns, raises lo and adds the networks in order', () => {
    const { asked, snapshot } = brought();

    expect(snapshot().value).toBe('up');
    expect(asked).toEqual([
      'networks.resolve',
      'ports.claim',
      'networks.hold',
      'namespace.hold',
      'loopback.raise',
      'cni.add front',
      'cni.add back'
    ]);
  });

  it('asks for no ports and no networks where there are none', () => {
    const { asked, snapshot } = brought([], []);

    expect(snapshot().value).toBe('up');
    expect(asked).toEqual(['networks.resolve', 'namespace.hold', 'loopback.raise']);
  });

  it('holds each network with the bridges that its plugins make', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('networks.hold');

    expect(world.waiting[0]).toMatchObject({
      networks: [
        { name: 'front', bridges: ['br-front'] },
        { name: 'back', bridges: ['br-back'] }
      ]
    });
  });

  it('deletes everything it began, last first, when one network refuses', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('cni.add back');
    world.refuse();
    world.settle();

    expect(world.snapshot().value).toBe('failed');
    expect(world.snapshot().context.failure).toEqual(failure);
    expect(world.asked.slice(-5)).toEqual([
      'cni.del back',
      'cni.del front',
      'namespace.release',
      'networks.release',
      'ports.release'
    ]);
  });

  it('changes nothing when a network is not found', () => {
    const world = createWorld();
    world.send(up());
    world.refuse();

    expect(world.snapshot().value).toBe('absent');
    expect(world.snapshot().context.refusal).toEqual(failure);
    expect(world.asked).toEqual(['networks.resolve']);
  });

  it('keeps the reason of an earlier failure when the next spec is refused', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('loopback.raise');
    world.refuse();
    world.settle();
    world.send(up(['front'], [port]));
    world.grantUntil('ports.claim');
    const inUse = { code: 'port.inUse', message: 'port 8080 is in use' };
    world.refuse(inUse);

    const { value, context } = world.snapshot();
    expect(value).toBe('failed');
    expect(context).toMatchObject({ failure, refusal: inUse });
    expect(context.spec).toEqual(specOf(['front', 'back'], [port]));
  });

  it('forgets an earlier failure once a spec is accepted', () => {
    const world = createWorld();
    world.send(up());
    world.grantUntil('loopback.raise');
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
    expect(world.asked).toEqual(['networks.resolve']);
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
    expect(context.holds).toEqual({ namespace: false, networks: true, ports: true });
    expect(world.asked).toContain('namespace.release');
    expect(world.asked).not.toContain('networks.release');
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
      'networks.release',
      'ports.release'
    ]);
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
    expect(world.snapshot().context.leftovers).toHaveLength(3);
    expect(world.snapshot().context.holds).toEqual({
      namespace: true,
      networks: true,
      ports: true
    });
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
    world.grantUntil('loopback.raise');
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
