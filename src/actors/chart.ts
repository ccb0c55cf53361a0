import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type StateValue
} from 'xstate';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { chartPlan } from './chart-plan.ts';
import { canTake, stepBy, type Stepped } from './chart-step.ts';

/** A chart on its way through events. */
export interface Chart {
  /** One that no chart can take ends it in the status `error`; after that none is taken. */
  send(event: MooringEvent): void;
  /** Whether an event means anything to it as it stands. */
  can(event: MooringEvent): boolean;
  getSnapshot(): AnyMachineSnapshot;
}

/**
 * Takes a chart through events as an XState actor would.
 *
 * Our charts have neither children nor timers, so of an actor nothing else is wanted; and a
 * system with a clock and a mailbox for each costs as much as two events. Nor are two states
 * active at a time: what a transition leaves and enters is worked out once, where XState's
 * `transition` does so each time, in four times the time. It is asked where a plan does not
 * reach, and its word is the last on a step that throws.
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
    can: (event) => stage.can(current, event),
    getSnapshot: () => current
  };
}

/** What all actors of a chart share. */
interface Stage {
  at(input: unknown, snapshot: unknown): AnyMachineSnapshot;
  step(snapshot: AnyMachineSnapshot, event: MooringEvent): Stepped;
  can(snapshot: AnyMachineSnapshot, event: MooringEvent): boolean;
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
  const plan = chartPlan(machine);
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
  const rests = new Map<string, AnyMachineSnapshot>();
  let begun: AnyMachineSnapshot | undefined;
  return {
    at(given, snapshot) {
      if (snapshot !== undefined) return restored(snapshot as Persisted);
      if (begun !== undefined) return { ...begun, context: contextOf(machine, given) };
      const first = expectSound(machine.getInitialSnapshot(scope, given));
      if (beginsIdle(machine, first)) begun = first;
      return first;
    },
    step(snapshot, event) {
      try {
        return stepBy(plan, snapshot, event);
      } catch {
        // Nothing has come of it: charts are pure.
      }
      emitted = [];
      const next = machine.transition(snapshot, event, scope);
      return { next, emitted };
    },
    can(snapshot, event) {
      try {
        return canTake(plan, snapshot, event);
      } catch {
        return snapshot.can(event);
      }
    }
  };

  // The context alone tells one actor that rests in a state from another, and XState looks through all of it.
  function restored(persisted: Persisted): AnyMachineSnapshot {
    const place = placeText(persisted.value);
    const known = isBare(persisted) ? rests.get(place) : undefined;
    if (known !== undefined) return { ...known, context: persisted.context } as AnyMachineSnapshot;
    const found = expectSound(machine.restoreSnapshot(persisted as never, scope));
    if (isBare(persisted)) rests.set(place, found);
    return found;
  }
}

/** As `getPersistedSnapshot` gives it. */
interface Persisted {
  readonly status: string;
  readonly value: StateValue;
  readonly context: object;
  readonly children?: object;
  readonly historyValue?: object;
}

/** Whether it is all in value and context. */
function isBare({ status, children = {}, historyValue = {} }: Persisted): boolean {
  return status === 'active' && [children, historyValue].every((one) => isEmpty(one));
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

/** `tearingDown.detaching.deleting`; of two that differ it differs. */
function placeText(value: StateValue): string {
  if (typeof value === 'string') return value;
  const [[outer, inner] = ['', undefined], ...others] = Object.entries(value);
  if (others.length > 0 || inner === undefined) return JSON.stringify(value);
  return `${outer}.${placeText(inner)}`;
}

function expectSound(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  if (snapshot.status === 'error') throw snapshot.error;
  return snapshot;
}

/** Whether nothing happens when an actor begins: then its context alone tells it from another's. */
function beginsIdle({ config }: AnyStateMachine, { _nodes }: AnyMachineSnapshot): boolean {
  const nodes = _nodes as readonly AnyStateNode[];
  return (
    typeof config.context === 'function' &&
    nodes.every(({ entry, always = [], initial, invoke, after }) =>
      [entry, always, initial.actions, invoke, after].every(({ length }) => length === 0)
    )
  );
}

function contextOf({ config }: AnyStateMachine, input: unknown): object {
  return (config.context as (given: { readonly input: unknown }) => object)({ input });
}
