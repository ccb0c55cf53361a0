import { describe, expect, it } from 'vitest';
import { DEL_ATTEMPTS } from '../../src/machines/container-context.ts';
import { carriesPorts } from '../../src/model/attachment.ts';
import { container, failure, linkGone, netns, port, ruleGone, specOf } from './samples.ts';
import { brief, createWorld, type World } from './world.ts';

const down = { type: 'container.down', container } as const;
const reload = { type: 'container.reload', container } as const;
const repair = { type: 'container.repair', container } as const;
const connect = (network: string, ifName = '') =>
  ({ type: 'container.connect', container, attachment: { network, ifName } }) as const;
const disconnect = (network: string) =>
  ({ type: 'container.disconnect', container, network }) as const;

function brought(networks: readonly string[] = ['front', 'back'], ports = [port]): World {
  const world = createWorld();
  world.send({ type: 'container.up', container, spec: specOf(networks, ports) });
  world.settle();
  world.asked.length = 0;
  return world;
}

const members = (world: World) =>
  world.snapshot().context.spec!.networks.map(({ network }) => network);
const attached = (world: World) =>
  world.snapshot().context.attachments.map(({ network }) => network);

describe('a repair', () => {
  it('puts rules back and takes nothing away', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [ruleGone] });
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.asked).toEqual(['attachments.examine', 'attachments.repair', 'files.write']);
  });

  it('asks for nothing where nothing is amiss', () => {
    const world = brought();
    world.send(repair);
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.asked).toEqual(['attachments.examine']);
  });

  it('says what is amiss where rules are not enough, and mends what it can', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [linkGone, ruleGone] });
    world.settle();

    expect(world.snapshot().value).toBe('degraded');
    expect(world.snapshot().context.drifts).toEqual([linkGone]);
    expect(world.asked).toContain('attachments.repair');
    expect(world.asked).not.toContain('cni.del back');
  });

  it('that fails leaves it degraded with the reason', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [ruleGone] });
    world.refuse();

    expect(world.snapshot().value).toBe('degraded');
    expect(world.snapshot().context.unmended).toEqual(failure);

    world.send(repair);
    world.grant({ drifts: [ruleGone] });
    world.settle();
    expect(world.snapshot().value).toBe('up');
  });

  it('finds it well again once somebody else has put things right', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [linkGone] });
    expect(world.snapshot().value).toBe('degraded');
    world.send(repair);
    world.settle();

    expect(world.snapshot().value).toBe('up');
  });
});

describe('the end of the process whose netns it was given', () => {
  const ended = {
    network: null,
    kind: 'process',
    object: 'process 7',
    text: 'process 7 has ended'
  } as const;

  it('makes it degraded, and its networks stay', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [ended] });

    expect(world.snapshot().value).toBe('degraded');
    expect(world.asked).toEqual(['attachments.examine']);
  });

  it.each([
    [
      'puts rules back',
      [ended, ruleGone],
      ['attachments.examine', 'attachments.repair', 'files.write']
    ],
    ['takes nothing away', [ended], ['attachments.examine', 'attachments.repair', 'files.write']]
  ])('stays told by a reload, which %s', (_, drifts, asked) => {
    const world = brought();
    world.send(reload);
    world.grant({ drifts });
    world.settle();

    expect(world.snapshot().value).toBe('degraded');
    expect(world.snapshot().context.drifts).toEqual([ended]);
    expect(world.asked).toEqual(asked);
  });

  it('stays told by a reload that takes everything off and on', () => {
    const world = brought(['front']);
    world.send(reload);
    world.grant({ drifts: [ended, linkGone] });
    world.settle();

    expect(world.asked).toContain('cni.add front');
    expect(world.snapshot().value).toBe('degraded');
    expect(world.snapshot().context.drifts).toEqual([ended]);
  });

  it('is over with the next one it is brought up in', () => {
    const world = brought();
    world.send(repair);
    world.grant({ drifts: [ended] });
    world.send(down);
    world.settle();
    world.send({ type: 'container.up', container, spec: specOf(['front']) });
    world.settle();

    expect(world.snapshot().value).toBe('up');
  });
});

describe('a reload', () => {
  it('takes nothing away where rules are all there is to put back', () => {
    const world = brought();
    world.send(reload);
    world.grant({ drifts: [ruleGone] });
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.asked).toEqual(['attachments.examine', 'attachments.repair', 'files.write']);
  });

  it.each([
    ['a link is gone', { drifts: [linkGone] }],
    ['the plugins may have made more than is known', { complete: false }]
  ])('takes everything off and puts it on again with its addresses when %s', (_, seen) => {
    const world = brought();
    world.send(reload);
    world.grant(seen);
    const pinned: unknown[] = [];
    while (world.waiting.length > 0) {
      const [request] = world.waiting;
      if (request && 'attachment' in request) pinned.push(request.attachment.pinned);
      world.grant();
    }

    expect(world.snapshot().value).toBe('up');
    expect(pinned).toEqual([true, true, true, true]);
    expect(world.asked.slice(1)).toEqual([
      'cni.del back',
      'cni.del front',
      'cni.add front',
      'cni.add back',
      'files.write'
    ]);
    expect(attached(world)).toEqual(['front', 'back']);
  });

  it('in full does so where nothing is amiss', () => {
    const world = brought();
    world.send({ ...reload, full: true });
    world.settle();

    expect(world.asked).toContain('cni.add front');
  });

  it('goes on past a DEL that is refused, sweeps, and adds', () => {
    const world = brought(['front']);
    world.send({ ...reload, full: true });
    while (world.waiting.length > 0) {
      if (world.waiting[0]!.type === 'cni.del') world.refuse();
      else world.grant();
    }

    expect(world.snapshot().value).toBe('up');
    expect(world.asked.filter((line) => line === 'cni.del front')).toHaveLength(DEL_ATTEMPTS);
    expect(world.asked.slice(-3)).toEqual(['firewall.sweep', 'cni.add front', 'files.write']);
  });

  it('unwinds all networks when one cannot be added again, with their leases', () => {
    const world = brought();
    world.send({ ...reload, full: true });
    world.grantUntil('cni.add back');
    world.refuse();
    expect(world.waiting[0]).toMatchObject({ type: 'cni.del', attachment: { network: 'back' } });
    expect(world.waiting[0]).not.toMatchObject({ attachment: { pinned: true } });
    world.settle();

    expect(world.snapshot().value).toBe('failed');
    expect(world.snapshot().context.failure).toEqual(failure);
    expect(world.asked.slice(-3)).toEqual(['cni.del back', 'cni.del front', 'resources.release']);
  });

  it('gives way to a down', () => {
    const world = brought();
    world.send(reload);
    world.send(down);
    world.settle();

    expect(world.snapshot().value).toBe('absent');
  });

  it.each(['host', 'container', 'path'] as const)('is refused in mode %s', (kind) => {
    const world = createWorld();
    const namespace =
      kind === 'host'
        ? { kind }
        : kind === 'path'
          ? { kind, path: '/run/netns/x' }
          : { kind, container: 'db' };
    world.send({ type: 'container.up', container, spec: { ...specOf([]), namespace } });
    world.settle();
    world.send(reload);

    expect(world.waiting).toEqual([]);
    expect(world.snapshot().context.refusal?.code).toBe('network.badMode');
  });
});

describe('connect', () => {
  it('makes it a member once the plugins have succeeded', () => {
    const world = brought();
    world.send(connect('storage'));
    world.grantUntil('cni.add storage');
    expect(members(world)).toEqual(['front', 'back']);

    world.settle();
    expect(world.snapshot().value).toBe('up');
    expect(members(world)).toEqual(['front', 'back', 'storage']);
    expect(attached(world)).toEqual(['front', 'back', 'storage']);
    expect(world.snapshot().context.spec!.networks[2]!.ifName).toBe('eth2');
    expect(world.asked).toEqual(['resources.hold', 'cni.add storage', 'files.write']);
  });

  it('takes back what a refused plugin began, and leaves the rest alone', () => {
    const world = brought();
    const before = world.snapshot().context;
    world.send(connect('storage'));
    world.grantUntil('cni.add storage');
    world.refuse();
    world.settle();

    const { value, context } = world.snapshot();
    expect(value).toBe('up');
    expect(context.refusal).toEqual(failure);
    expect(context.spec).toEqual(before.spec);
    expect(context.attachments).toEqual(before.attachments);
    expect(context.heldNetworks).toEqual(['front', 'back']);
    expect(world.asked.slice(-2)).toEqual(['cni.del storage', 'resources.release']);
    expect(world.released).toEqual([{ namespace: null, networks: ['storage'], rest: false }]);
  });

  it('is degraded while what was begun cannot be taken back, and a down takes it', () => {
    const world = brought();
    world.send(connect('storage'));
    world.grantUntil('cni.add storage');
    while (world.waiting.length > 0) {
      if (brief(world.waiting[0]!).endsWith('storage')) world.refuse();
      else world.grant();
    }
    expect(world.snapshot().value).toBe('degraded');
    expect(attached(world)).toContain('storage');

    world.send(down);
    world.settle();
    expect(world.snapshot().value).toBe('absent');
    expect(world.released.at(-1)).toMatchObject({ networks: ['front', 'back', 'storage'] });
  });

  it.each([
    ['a member', connect('front'), 'network.connected'],
    ['a taken interface name', connect('storage', 'eth1'), 'interface.duplicate']
  ])('is refused for %s', (_, command, code) => {
    const world = brought();
    world.send(command);

    expect(world.snapshot().context.refusal?.code).toBe(code);
    expect(world.asked).toEqual([]);
  });

  it('gives the ports to the first network that comes when none has them', () => {
    const world = brought(['front']);
    world.send(disconnect('front'));
    world.settle();
    world.send(connect('back'));
    world.settle();

    expect(world.snapshot().context.attachments.map(carriesPorts)).toEqual([true]);
    expect(world.snapshot().context.ports).toEqual([port]);
  });
});

describe('disconnect', () => {
  it('makes it no member once the plugins have succeeded', () => {
    const world = brought();
    world.send(disconnect('back'));
    expect(members(world)).toEqual(['front', 'back']);

    world.settle();
    expect(world.snapshot().value).toBe('up');
    expect(members(world)).toEqual(['front']);
    expect(world.asked).toEqual(['cni.del back', 'resources.release', 'files.write']);
    expect(world.released).toEqual([{ namespace: null, networks: ['back'], rest: false }]);
  });

  it('keeps it a member, and says why, when its plugins refuse for good', () => {
    const world = brought();
    world.send(disconnect('back'));
    while (world.waiting.length > 0) {
      if (world.waiting[0]!.type === 'cni.del') world.refuse();
      else world.grant();
    }

    expect(world.snapshot().value).toBe('degraded');
    expect(world.snapshot().context.trouble).toEqual(failure);
    expect(members(world)).toEqual(['front', 'back']);
    expect(attached(world)).toEqual(['front', 'back']);
  });

  it('moves the ports to the next network that can publish, with its address', () => {
    const world = brought();
    world.send(disconnect('front'));
    world.grantUntil('cni.add back');
    expect(world.waiting[0]).toMatchObject({
      attachment: { pinned: true, capabilityArgs: { portMappings: expect.anything() as unknown } }
    });

    world.settle();
    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context.attachments.map(carriesPorts)).toEqual([true]);
  });

  it('leaves lo alone with the netns when the last goes', () => {
    const world = brought(['front'], []);
    world.send(disconnect('front'));
    world.settle();

    expect(world.snapshot().value).toBe('up');
    expect(world.snapshot().context.netns).toEqual(netns);
    expect(attached(world)).toEqual([]);
  });

  it('of a network it has not is refused', () => {
    const world = brought();
    world.send(disconnect('storage'));

    expect(world.snapshot().context.refusal?.code).toBe('network.notConnected');
  });
});

describe('a container that was created', () => {
  const define = { type: 'container.define', container, spec: specOf(['front']) } as const;
  const start = { type: 'container.start', container } as const;

  function defined(): World {
    const world = createWorld();
    world.send(define);
    return world;
  }

  it('asks for nothing until it is started', () => {
    const world = defined();
    expect(world.snapshot().value).toBe('defined');
    expect(world.asked).toEqual([]);

    world.send(start);
    world.settle();
    expect(world.snapshot().value).toBe('up');
    expect(attached(world)).toEqual(['front']);
  });

  it('has from its next start what was connected while it was down', () => {
    const world = defined();
    world.send(connect('back'));
    world.send(disconnect('front'));
    expect(world.asked).toEqual([]);
    world.send(start);
    world.settle();

    expect(attached(world)).toEqual(['back']);
  });

  it('outlives its teardown with its members, until it is forgotten', () => {
    const world = defined();
    world.send(start);
    world.settle();
    world.send(connect('back'));
    world.settle();
    world.send(down);
    world.settle();
    expect(world.snapshot().value).toBe('defined');
    expect(members(world)).toEqual(['front', 'back']);

    world.send({ ...down, forget: true });
    expect(world.snapshot().value).toBe('absent');
  });

  it('is forgotten with its teardown', () => {
    const world = defined();
    world.send(start);
    world.settle();
    world.send({ ...down, forget: true });
    world.settle();

    expect(world.snapshot().value).toBe('absent');
  });
});

describe('a reboot', () => {
  const rebooted = { type: 'container.rebooted', container } as const;

  it('gives back what outlives the kernel, without the netns, and says why it is down', () => {
    const world = brought();
    world.send(rebooted);
    expect(world.waiting[0]).toMatchObject({ type: 'cni.del', netns: null });
    world.settle();

    expect(world.snapshot().value).toBe('failed');
    expect(world.snapshot().context.failure?.code).toBe('host.rebooted');
    expect(world.released.at(-1)).toMatchObject({ networks: ['front', 'back'], rest: true });
  });

  it('leaves a created container to be started again', () => {
    const world = createWorld();
    world.send({ type: 'container.define', container, spec: specOf(['front']) });
    world.send({ type: 'container.start', container });
    world.settle();
    world.send(rebooted);
    world.settle();

    expect(world.snapshot().value).toBe('defined');
    expect(world.snapshot().context.failure).toBeNull();
  });

  it('in the middle of a reload ends in a teardown', () => {
    const world = brought();
    world.send({ ...reload, full: true });
    world.send(rebooted);
    world.settle();

    expect(world.snapshot().value).toBe('failed');
    expect(world.asked).not.toContain('cni.add front');
  });
});
