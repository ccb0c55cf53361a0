import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerCommand } from '../../src/bus/events.ts';
import { carriesPorts } from '../../src/model/attachment.ts';
import { container, linkGone, port, ruleGone, specOf } from './samples.ts';
import { brief, createWorld, type Details, type World } from './world.ts';

const RUNS = { numRuns: 300 };

const network = fc.constantFrom('front', 'back', 'storage');

const up = fc
  .record({
    networks: fc.uniqueArray(network, { maxLength: 3 }),
    publishes: fc.boolean()
  })
  .map(({ networks, publishes }): ContainerCommand => ({
    type: 'container.up',
    container,
    spec: specOf(networks, publishes ? [port] : [])
  }));

const command = fc.oneof(
  up,
  fc.constant<ContainerCommand>({ type: 'container.down', container }),
  fc.constant<ContainerCommand>({ type: 'container.retry', container }),
  fc.constant<ContainerCommand>({ type: 'container.reload', container }),
  fc.constant<ContainerCommand>({ type: 'container.reload', container, full: true }),
  fc.constant<ContainerCommand>({ type: 'container.repair', container }),
  fc.constant<ContainerCommand>({ type: 'container.refresh', container }),
  fc.constant<ContainerCommand>({ type: 'container.rebooted', container }),
  network.map((name): ContainerCommand => ({
    type: 'container.connect',
    container,
    attachment: { network: name, ifName: '' }
  })),
  network.map((name): ContainerCommand => ({
    type: 'container.disconnect',
    container,
    network: name
  }))
);

const answer = fc.oneof(
  { weight: 8, arbitrary: fc.constant('granted' as const) },
  { weight: 1, arbitrary: fc.constant('suspect' as const) },
  { weight: 1, arbitrary: fc.constant('drifted' as const) },
  { weight: 1, arbitrary: fc.constant('unruly' as const) },
  { weight: 3, arbitrary: fc.constant('refused' as const) }
);

const happenings = fc.array(
  fc.oneof({ weight: 1, arbitrary: command }, { weight: 5, arbitrary: answer }),
  {
    maxLength: 60
  }
);

type Happening = ContainerCommand | 'granted' | 'suspect' | 'drifted' | 'unruly' | 'refused';

/** Lets all of it happen, looking at the world after each; an answer to nothing is left out. */
function happen(world: World, all: readonly Happening[], look: () => void = () => undefined): void {
  for (const happening of all) {
    if (typeof happening !== 'string') world.send(happening);
    else if (world.waiting.length === 0) continue;
    else if (happening === 'refused') world.refuse();
    else world.grant(detailsOf(happening));
    look();
  }
}

const detailsOf = (happening: string): Details => ({
  suspect: happening === 'suspect',
  drifts: happening === 'drifted' ? [linkGone] : happening === 'unruly' ? [ruleGone] : []
});

/** With and without a private host around it. */
const property = (check: (all: readonly Happening[], around: Around) => void) =>
  fc.assert(fc.property(happenings, fc.record({ rootless: fc.boolean() }), check), RUNS);

interface Around {
  readonly rootless: boolean;
}

const heldBy = (world: World) => {
  const {
    heldNetworks,
    attachments,
    netns,
    ports,
    files: written,
    ...rest
  } = world.snapshot().context;
  const { reached, uplink } = rest;
  return { heldNetworks, attachments, netns, ports, files: written, reached, uplink };
};

const nothing = {
  heldNetworks: [],
  attachments: [],
  netns: null,
  ports: [],
  files: null,
  reached: false,
  uplink: null
};

describe('whatever is commanded and whatever is refused', () => {
  it('asks one thing at a time, and is busy exactly while it waits for the answer', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all, () => {
        expect(world.waiting.length).toBeLessThanOrEqual(1);
        expect(world.snapshot().hasTag('busy')).toBe(world.waiting.length === 1);
      });
    });
  });

  it('comes to rest once nothing more is commanded, where the last command leads', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all);
      world.settle();

      const last = all.findLast(
        (happening) =>
          typeof happening !== 'string' &&
          ['container.up', 'container.down'].includes(happening.type)
      ) as ContainerCommand | undefined;
      const rests =
        last?.type === 'container.up'
          ? ['up', 'degraded', 'failed', 'absent', 'stuck']
          : ['absent', 'stuck'];
      expect(rests).toContain(world.snapshot().value);
      if (world.snapshot().matches('absent') && last?.type === 'container.up') {
        expect(world.snapshot().context.refusal).not.toBeNull();
      }
    });
  });

  it('never adds a network again before it has deleted it, and leaves none undeleted', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all);
      world.settle();

      const begun = new Set<string>();
      for (const [verb, network] of world.asked.map((line) => line.split(' '))) {
        if (verb === 'cni.add') {
          expect(begun).not.toContain(network);
          begun.add(network!);
        }
        if (verb === 'cni.del') begun.delete(network!);
      }
      const { value } = world.snapshot();
      if (value === 'absent' || value === 'failed') expect([...begun]).toEqual([]);
    });
  });

  it('deletes in the reverse order of adding, the refused network included', () => {
    property((all, around) => {
      const world = createWorld(around);
      const begun: string[] = [];
      let turn: string[] = [];
      let previous = '';
      happen(world, [...all, { type: 'container.down', container }, ...granted], () => {
        const latest = world.waiting[0] && brief(world.waiting[0]);
        const count = `${world.asked.length}`;
        if (latest === undefined || count === previous) return;
        previous = count;
        const [verb, network] = latest.split(' ');
        if (verb === 'cni.add') begun.push(network!);
        if (verb === 'cni.del' && turn.at(-1) !== network) turn.push(network!);
        if (verb === 'networks.resolve') [begun.length, turn] = [0, []];
        if (verb === 'namespace.release' || verb === 'firewall.sweep') {
          expect(begun.toReversed()).toEqual(expect.arrayContaining(turn));
          expect(turn).toEqual(begun.toReversed().filter((name) => turn.includes(name)));
          turn = [];
        }
      });
    });
  });

  it('holds nothing where it rests as absent or failed, and names what is left where it is stuck', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all, () => {
        const { value, context } = world.snapshot();
        if (value === 'absent' || value === 'failed') expect(heldBy(world)).toEqual(nothing);
        if (value === 'failed') expect(context.failure).not.toBeNull();
        if (value === 'stuck') expect(context.leftovers.length).toBeGreaterThan(0);
        if (value === 'up') expect([context.failure, context.leftovers]).toEqual([null, []]);
      });
    });
  });

  it('has every network of its spec, with a result, where it rests as up', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all, () => {
        const { value, context } = world.snapshot();
        if (value !== 'up') return;
        expect(context.attachments.map(({ network }) => network)).toEqual(
          context.spec!.networks.map(({ network }) => network)
        );
        expect(context.attachments.every((attachment) => attachment.result)).toBe(true);
        expect(context.heldNetworks.toSorted()).toEqual(
          context.spec!.networks.map(({ network: name }) => name).toSorted()
        );
        expect(context.netns).not.toBeNull();
        expect(context.ports).toMatchObject(context.spec!.ports);
        if (around.rootless && context.attachments.length > 0) expect(context.reached).toBe(true);
        expect(context.outage).toBeNull();
        expect(context.attachments.filter(carriesPorts).length).toBeLessThanOrEqual(1);
        expect([context.trouble, context.drifts]).toEqual([null, []]);
      });
    });
  });

  it('ends with nothing left by one more down, once the host refuses nothing any more', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all);
      world.settle();
      world.send({ type: 'container.down', container });
      world.settle();

      expect(world.snapshot().value).toBe('absent');
      expect(heldBy(world)).toEqual(nothing);
    });
  });

  it('can be written down as JSON at every moment', () => {
    property((all, around) => {
      const world = createWorld(around);
      happen(world, all, () => {
        const persisted = world.actor.getPersistedSnapshot();
        expect(JSON.parse(JSON.stringify(persisted))).toEqual(persisted);
      });
    });
  });
});

const granted = Array.from({ length: 60 }, () => 'granted' as const);
