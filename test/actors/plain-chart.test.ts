import { describe, expect, it } from 'vitest';
import { createActor, emit, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { chartOf } from '../../src/actors/chart.ts';
import { MACHINES } from '../../src/actors/machines.ts';
import { plainChartOf } from '../../src/actors/plain-chart.ts';
import type { MooringEvent } from '../../src/bus/events.ts';
import { structureOf, type ChartTransition } from '../../src/machines/structure.ts';

const charts = Object.entries(MACHINES).map(([kind, entry]) => [kind, entry] as const);

describe('a chart taken further without XState', () => {
  it.each(charts)('%s is plain', (_, { machine }) => {
    expect(plainChartOf(machine, surroundingsOf(machine).given)).toBeDefined();
  });

  it.each(charts)('takes each transition of %s as XState does', (_, { machine }) => {
    let taken = 0;
    const recordingWith = recordingsOf(machine);
    for (const { path, type } of structureOf(machine).states) {
      if (type !== 'atomic') continue;
      for (const [event, { guard }] of transitionsFrom(machine, path)) {
        for (const holds of guard === null ? [''] : [guard.type, '']) {
          const { plain, byXState } = bothFrom(recordingWith(holds), path, event);
          expect(plain, `${path.join('.')} ${event} ${holds}`).toEqual(byXState);
          taken += 1;
        }
      }
    }

    expect(taken).toBeGreaterThan(5);
  });

  it.each(charts)('begins %s where XState does', (_, { machine, input }) => {
    const { scope, given } = surroundingsOf(machine);

    const begun = plainChartOf(machine, given)!.begin(input('web'))!;

    expect(tellOf(begun)).toEqual(tellOf(machine.getInitialSnapshot(scope, input('web'))));
    expect(begun.context).toEqual(machine.getInitialSnapshot(scope, input('web')).context);
  });

  it('leaves to XState what throws, and what it says of that', () => {
    const { machine, input } = MACHINES.container;
    const event = { type: 'container.up', container: 'web' } as unknown as MooringEvent;
    const broken = machine.provide({
      actions: {
        keepCandidate: emit(() => {
          throw new Error('no such field');
        })
      }
    } as never);

    const chart = chartOf(broken, input('web'), undefined, []);
    chart.send(event);

    expect(chart.getSnapshot()).toMatchObject({ status: 'error', value: 'absent' });
    expect(chart.getSnapshot().error).toEqual(new Error('no such field'));
  });

  it('does not touch a chart with more to it', () => {
    const { machine } = MACHINES.container;
    const { given } = surroundingsOf(machine);
    const logging = machine.provide({ actions: { keepCandidate: () => undefined } } as never);

    expect(plainChartOf(logging, given)).toBeUndefined();
  });
});

/** The same chart, which emits the names of its actions, and of whose guards one holds. */
function recordingsOf(machine: AnyStateMachine): (holds: string) => AnyStateMachine {
  const { actions, guards } = machine.implementations;
  const named = (all: object, word: (name: string) => unknown): object =>
    Object.fromEntries(Object.keys(all).map((name) => [name, word(name)]));
  const known = new Map<string, AnyStateMachine>();
  return (holds) => {
    const recording =
      known.get(holds) ??
      (machine.provide({
        actions: named(actions, (name) => emit(() => ({ type: name }))),
        guards: named(guards, (name) => () => name === holds)
      } as never) as AnyStateMachine);
    known.set(holds, recording);
    recording.options = { maxIterations: 20 };
    return recording;
  };
}

/** Has every field, and what is asked for in it. */
const ANYTHING: unknown = new Proxy(() => undefined, {
  get: (_, field) => (field === Symbol.iterator ? [][Symbol.iterator] : ANYTHING),
  apply: () => ANYTHING
});

/** What either gives for an event, from a state. */
function bothFrom(
  machine: AnyStateMachine,
  path: readonly string[],
  type: string
): { readonly plain: unknown; readonly byXState: unknown } {
  const value = path.reduceRight<unknown>(
    (inner, key) => (inner ? { [key]: inner } : key),
    undefined
  );
  const event = new Proxy({ type }, { get: (_, field) => (field === 'type' ? type : ANYTHING) });
  const from = machine.resolveState({ value: value as string, context: ANYTHING });
  const { scope, given, emitted } = surroundingsOf(machine);
  const attempt = (step: () => AnyMachineSnapshot | undefined): unknown => {
    emitted.length = 0;
    try {
      const next = step();
      return { ...(next && tellOf(next)), emitted: [...emitted], isSame: next === from };
    } catch (error) {
      if (/Infinite loop|left to XState/.test(String(error))) return 'no rest';
      throw error;
    }
  };
  // Made by the chart, so that it answers for itself.
  const standing = plainChartOf(machine, given)!.restore(from)!;
  expect(standing.can(event)).toBe(from.can(event));
  return {
    byXState: attempt(() => machine.transition(from, event, scope)),
    plain: attempt(() => plainChartOf(machine, given)!.step(from, event) ?? fail())
  };
}

function fail(): never {
  throw new Error('left to XState');
}

function tellOf({ value, tags, status, _nodes }: AnyMachineSnapshot): object {
  const nodes = _nodes.map(({ id }) => id).toSorted();
  return { value, status, tags: [...tags].toSorted(), nodes };
}

/** All reactions to an event, and what needs none, from the inside out. */
function transitionsFrom(
  machine: AnyStateMachine,
  path: readonly string[]
): readonly (readonly [event: string, ChartTransition])[] {
  return structureOf(machine)
    .states.filter((state) => state.path.every((key, at) => path[at] === key))
    .flatMap(({ on, always }) => [
      ...on.flatMap(({ event, candidates }) => candidates.map((one) => [event, one] as const)),
      ...always.map((one) => ['nothing.happened', one] as const)
    ]);
}

function surroundingsOf(machine: AnyStateMachine) {
  const emitted: unknown[] = [];
  const self = createActor(machine, { input: {} });
  const { system, sessionId, id } = self;
  const emits = (one: unknown) => void emitted.push(one);
  const scope = {
    ...{ self, system, sessionId, id, emit: emits, logger: () => undefined },
    defer: (work: () => void) => work(),
    stopChild: () => undefined,
    actionExecutor: ({ exec, info, params }: Record<string, never>) =>
      (exec as ((...args: unknown[]) => void) | undefined)?.(info, params)
  } as unknown as Parameters<AnyStateMachine['transition']>[2];
  return { scope, given: { self, system, emit: emits, spawn: fail }, emitted };
}
