import {
  assign,
  createActor,
  emit,
  raise,
  setup,
  type AnyMachineSnapshot,
  type AnyStateMachine
} from 'xstate';
import { describe, expect, it } from 'vitest';
import { chartPlan } from '../../src/actors/chart-plan.ts';
import { canTake, stepBy } from '../../src/actors/chart-step.ts';
import { chartOf } from '../../src/actors/chart.ts';
import type { MooringEvent } from '../../src/bus/events.ts';
import type { EffectRequest } from '../../src/bus/requests.ts';

const words = setup({
  types: { context: {} as { count: number }, events: {} as { type: string } },
  guards: {
    isOdd: ({ context }) => context.count % 2 === 1,
    isAbove: ({ context }, least: number) => context.count > least,
    fails: () => {
      throw new Error('it can not tell');
    }
  },
  actions: {
    tell: emit((_, what: string) => ({ type: what })),
    count: assign({ count: ({ context }) => context.count + 1 }),
    add: assign(({ context }, more: number) => ({ count: context.count + more })),
    poke: raise({ type: 'poked' })
  }
});

const tells = (params: string) => ({ type: 'tell' as const, params });

/** What none of our own charts has: exits, transitions within a state, and such as enter it again. */
const nested = words.createMachine({
  context: { count: 0 },
  initial: 'a',
  on: { home: { target: '.a', actions: tells('go home') } },
  states: {
    a: {
      initial: 'a1',
      entry: tells('enter a'),
      exit: [tells('leave a'), 'count'],
      on: {
        within: { target: '.a2', actions: tells('within') },
        again: { target: '.a2', reenter: true, actions: tells('again') },
        self: { target: 'a', actions: 'count' },
        anew: { target: 'a', reenter: true },
        deaf: { actions: tells('heard') },
        next: {
          target: 'b.b1.deep',
          actions: { type: 'add', params: ({ context }) => context.count }
        }
      },
      states: {
        a1: { exit: tells('leave a1'), on: { deaf: undefined, stay: { target: 'a1' } } },
        a2: {
          entry: 'count',
          exit: tells('leave a2'),
          always: { guard: { type: 'isAbove', params: 3 }, target: '#odd' },
          on: { fail: { guard: 'fails', target: 'a1' } }
        }
      }
    },
    b: {
      entry: tells('enter b'),
      exit: tells('leave b'),
      initial: 'b1',
      states: {
        b1: {
          initial: 'shallow',
          exit: tells('leave b1'),
          states: {
            shallow: { on: { next: 'deep' } },
            deep: { exit: [tells('leave deep'), 'count'] }
          },
          on: { next: '#odd', up: [{ guard: 'isOdd', target: '#odd' }, { target: 'shallow-side' }] }
        },
        'shallow-side': { on: { next: 'b1' } }
      }
    },
    odd: {
      id: 'odd',
      entry: tells('enter odd'),
      always: [{ guard: 'isOdd', target: 'b', actions: 'count' }],
      on: { next: 'a', anew: { target: 'odd', reenter: true } }
    }
  }
});

const twofold = words.createMachine({
  context: { count: 0 },
  type: 'parallel',
  states: {
    one: { initial: 'x', states: { x: { on: { go: 'y' } }, y: { on: { back: 'x' } } } },
    two: { initial: 'x', states: { x: { on: { turn: 'y' } }, y: { on: { go: 'x' } } } }
  }
});

const EVENTS = [...nested.events, 'unknown'].filter((type) => type !== 'fail');

describe('the plan of a chart', () => {
  it('goes every way as XState does', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const path = Array.from(
        { length: 12 },
        (_, at) => EVENTS[(seed * 31 + at * at * 7 + (seed >> 3) * at) % EVENTS.length]!
      );
      const told: unknown[] = [];
      const actor = createActor(nested);
      actor.on('*', (request) => told.push(request));
      actor.start();
      let snapshot = createActor(nested).start().getSnapshot() as AnyMachineSnapshot;
      told.length = 0;
      for (const type of path) {
        const event = { type } as never;
        expect(canTake(chartPlan(nested), snapshot, event), path.join()).toBe(snapshot.can(event));
        actor.send({ type });
        const { next, emitted } = stepBy(chartPlan(nested), snapshot, event);

        expect(seen(next), path.join()).toEqual(seen(actor.getSnapshot()));
        expect(emitted, path.join()).toEqual(told.splice(0));
        snapshot = next;
      }
    }
  });

  it.each([
    ['raises events', { on: { go: { actions: 'poke' }, poked: { actions: 'count' } } }],
    ['ends', { initial: 'on', states: { on: { on: { go: 'over' } }, over: { type: 'final' } } }],
    ['hears anything', { on: { '*': { actions: 'count' } } }],
    [
      'is in two states',
      {
        type: 'parallel',
        states: {
          one: { initial: 'x', states: { x: { on: { go: 'y' } }, y: {} } },
          two: { initial: 'x', states: { x: { on: { go: 'y' } }, y: {} } }
        }
      }
    ]
  ] as const)('leaves a chart that %s to XState', (_, config) => {
    const machine = words.createMachine({
      context: { count: 0 },
      ...config
    } as never) as unknown as AnyStateMachine;
    const actor = createActor(machine).start();
    const chart = chartOf(machine, undefined, undefined, []);
    const go = { type: 'go' };
    expect(() => stepBy(chartPlan(machine), chart.getSnapshot(), go as never)).toThrow('not plain');

    actor.send(go);
    chart.send(go as unknown as MooringEvent);

    expect(seen(chart.getSnapshot())).toEqual(seen(actor.getSnapshot()));
  });

  it.each([
    ['nested', nested],
    ['in two states', twofold]
  ] as const)(
    'brings a chart that is %s back as it was, the first time and later',
    (_, machine) => {
      const types = [...machine.events].filter((type) => type !== 'fail');
      for (let count = 0; count < 6; count += 1) {
        const actor = createActor(machine).start();
        for (const type of types) {
          actor.send({ type });
          const kept = JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as {
            context: object;
          };
          const persisted = { ...kept, context: { count } };
          const byXState = createActor(machine, { snapshot: persisted as never }).start();
          const chart = chartOf(machine, undefined, persisted, []);

          expect(seen(chart.getSnapshot())).toEqual(seen(byXState.getSnapshot()));
          for (const next of types) {
            byXState.send({ type: next });
            chart.send({ type: next } as unknown as MooringEvent);
            expect(seen(chart.getSnapshot()), next).toEqual(seen(byXState.getSnapshot()));
          }
        }
      }
    }
  );

  it('has XState refuse a state that is not in the chart', () => {
    const kept = createActor(nested).start().getPersistedSnapshot() as unknown as object;

    for (const value of ['z', { a: 'z' }]) {
      expect(() => chartOf(nested, undefined, { ...kept, value }, [])).toThrow(/'z'/);
    }
  });

  it('has XState say what went wrong with a guard that throws, and emits nothing', () => {
    const asked: EffectRequest[] = [];
    const chart = chartOf(nested, undefined, undefined, asked);
    for (const type of ['within', 'fail']) chart.send({ type } as unknown as MooringEvent);

    expect(chart.getSnapshot().status).toBe('error');
    expect(String(chart.getSnapshot().error)).toContain("Unable to evaluate guard 'fails'");
  });
});

function seen({ status, value, context, tags, _nodes }: AnyMachineSnapshot): object {
  return { status, value, context, tags, nodes: new Set(_nodes.map(({ id }) => id)) };
}
