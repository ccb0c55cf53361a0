import { createActor, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { plainChartOf } from './plain-chart.ts';

/** A chart on its way through events. */
export interface Chart {
  /** One that no chart can take ends it in the status `error`; after that none is taken. */
  send(event: MooringEvent): void;
  getSnapshot(): AnyMachineSnapshot;
}

/**
 * Takes a chart through events by its own `transition`, which an XState actor would call.
 *
 * Our charts have neither children nor timers, so of an actor nothing else is wanted; and a
 * system with a clock and a mailbox for each costs as much as two events. A plain chart is taken
 * further by `plain-chart.ts`, which gives the same.
 *
 * @param snapshot as it was persisted; `undefined`: it begins
 * @param asked where the requests go that the chart emits
 * @throws what keeps it from being restored, or from beginning
 */
export function chartOf(
  machine: AnyStateMachine,
  input: unknown,
  snapshot: unknown,
  asked: EffectRequest[]
): Chart {
  const stage = stageOf(machine, input);
  let current = stage.at(input, snapshot);

  return {
    send(event) {
      if (current.status !== 'active') return;
      try {
        const { next, emitted } = stage.step(current, event);
        current = next;
        asked.push(...emitted);
      } catch (error) {
        current = { ...current, status: 'error', error } as AnyMachineSnapshot;
      }
    },
    getSnapshot: () => current
  };
}

/** What all actors of a chart share. */
interface Stage {
  at(input: unknown, snapshot: unknown): AnyMachineSnapshot;
  step(
    snapshot: AnyMachineSnapshot,
    event: MooringEvent
  ): { readonly next: AnyMachineSnapshot; readonly emitted: readonly EffectRequest[] };
}

type Scope = Parameters<AnyStateMachine['transition']>[2];

const stages = new WeakMap<AnyStateMachine, Stage>();

function stageOf(machine: AnyStateMachine, input: unknown): Stage {
  const known = stages.get(machine) ?? makeStage(machine, input);
  stages.set(machine, known);
  return known;
}

function makeStage(machine: AnyStateMachine, input: unknown): Stage {
  let emitted: EffectRequest[] = [];
  // Never started: charts are told of it, and none asks it for anything.
  const nobody = createActor(machine, { input });
  const scope: Scope = {
    self: nobody,
    id: nobody.id,
    sessionId: nobody.sessionId,
    system: nobody.system,
    logger: () => undefined,
    defer: (work) => {
      work();
    },
    emit: (request: unknown) => {
      emitted.push(request as EffectRequest);
    },
    stopChild: () => undefined,
    actionExecutor: ({ exec, info, params }) => exec?.(info, params)
  };
  const plain = plainChartOf(machine, {
    self: nobody,
    system: nobody.system,
    spawn: () => {
      throw new Error('a chart of ours has no children');
    },
    emit: scope.emit
  });
  return {
    at(given, snapshot) {
      const known =
        snapshot === undefined
          ? plain?.begin(given)
          : plain?.restore(snapshot as AnyMachineSnapshot);
      return known ?? byXState(given, snapshot);
    },
    step(snapshot, event) {
      emitted = [];
      const known = plain?.step(snapshot, event);
      if (known) return { next: known, emitted };
      emitted = [];
      const next = machine.transition(snapshot, event, scope);
      return { next, emitted };
    }
  };

  function byXState(given: unknown, snapshot: unknown): AnyMachineSnapshot {
    const found =
      snapshot === undefined
        ? machine.getInitialSnapshot(scope, given)
        : machine.restoreSnapshot(snapshot as never, scope);
    if (found.status === 'error') throw found.error;
    return found;
  }
}
