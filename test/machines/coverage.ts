import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject
} from 'xstate';
import { describe, expect, it } from 'vitest';
import { chartPlan } from '../../src/actors/chart-plan.ts';
import { canTake, stepBy } from '../../src/actors/chart-step.ts';
import { chartOf } from '../../src/actors/chart.ts';
import { persisted } from '../../src/actors/recall.ts';
import type { MooringEvent } from '../../src/bus/events.ts';
import { refusalOf, type EffectRequest } from '../../src/bus/requests.ts';
import { structureOf, type ChartTransition } from '../../src/machines/structure.ts';
import { failure } from './samples.ts';

export interface ChartSubject<Event extends EventObject = MooringEvent> {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /** Every event that the chart knows, each with what makes a guard answer otherwise. */
  readonly events: readonly NoInfer<Event>[];
  /** What of a context makes one situation differ from another. */
  essence(context: never): unknown;
  /** Whether the event can come there; facts answer what was asked. Default: all can. */
  isPossible?(context: never, event: NoInfer<Event>): boolean;
  /** Event that says that a request was not done; none for what can't fail. Default: the request's traits say. */
  refusalOf?(request: EventObject): string | undefined;
}

/** One candidate of the chart, with the answer of its guard. */
interface Outcome {
  readonly source: string;
  /** `''` for one that is taken at once. */
  readonly event: string;
  readonly index: number;
  /** `null` when there is no guard to ask. */
  readonly answer: boolean | null;
}

interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly requests: readonly EventObject[];
  readonly outcomes: readonly Outcome[];
  /** Candidates that XState itself reports to have taken. */
  readonly taken: readonly Outcome[];
}

/**
 * Tests made from the chart: one for each transition and each answer of its guard, along the
 * shortest sequence of events that leads to it, and one that none is out of reach.
 */
export function coversChart<Event extends EventObject = MooringEvent>(
  subject: ChartSubject<Event>
): void {
  const wanted = outcomesIn(subject.machine);
  const paths = explore(subject, new Set(wanted.map(keyOf)));

  describe(`the ${subject.machine.id} chart`, () => {
    it('has no transition and no answer of a guard that cannot come about', () => {
      tell(subject.machine, wanted, new Set(paths.keys()));

      expect(wanted.map(keyOf).filter((key) => !paths.has(key))).toEqual([]);
    });

    it.each(wanted.map((outcome) => [titleOf(subject.machine, outcome), outcome] as const))(
      '%s',
      (_, outcome) => checkOutcome(subject, outcome, paths.get(keyOf(outcome)) ?? [])
    );
  });
}

function tell(
  machine: AnyStateMachine,
  wanted: readonly Outcome[],
  found: ReadonlySet<string>
): void {
  const share = (what: string, some: readonly Outcome[]): string => {
    const covered = some.filter((outcome) => found.has(keyOf(outcome))).length;
    return `${covered} of ${some.length} ${what}`;
  };
  const taken = wanted.filter(({ answer }) => answer !== false);
  const guarded = wanted.filter(({ answer }) => answer !== null);
  const states = structureOf(machine).states.length;
  process.stdout.write(
    `${machine.id}: ${states} states, ${share('transitions', taken)}, ${share('answers of guards', guarded)} covered\n`
  );
}

function checkOutcome<Event extends EventObject>(
  subject: ChartSubject<Event>,
  outcome: Outcome,
  path: readonly EventObject[]
): void {
  const { machine, input, refusalOf = refusalByTraits } = subject;
  const first = createActor(machine, { input }).start().getSnapshot() as AnyMachineSnapshot;
  const before = path.slice(0, -1).reduce((at, event) => step(machine, at, event).snapshot, first);
  const last = step(machine, before, path.at(-1)!);
  const keys = last.taken.map(keyOf);
  const transition = transitionOf(machine, outcome);

  if (outcome.answer === false) expect(keys).not.toContain(keyOf({ ...outcome, answer: true }));
  else expect(keys).toContain(keyOf(outcome));
  if (keys.at(-1) === keyOf(outcome)) {
    expect(last.snapshot._nodes.map(({ id }) => id)).toEqual(
      expect.arrayContaining([...transition.targets])
    );
  }
  expect(last.requests).toHaveLength(asksUpon(machine, last));
  for (const request of last.requests) {
    const refusal = refusalOf(request);
    if (refusal !== undefined) expect(machine.events).toContain(refusal);
    expect(JSON.parse(JSON.stringify(request))).toEqual(request);
  }
  expect(JSON.parse(JSON.stringify(last.snapshot.context))).toEqual(last.snapshot.context);
  expectSameInLoop(subject, path, last);
  // A plan leaves final states to XState; no chart that the loop takes through events has one.
  if (structureOf(machine).states.every(({ type }) => type !== 'final')) {
    expectSameByPlan(machine, before, path.at(-1)!, last);
  }
}

/** The loop takes charts through events by itself: new ones, and those it restores. */
function expectSameInLoop(
  { machine, input }: Pick<ChartSubject, 'machine' | 'input'>,
  path: readonly EventObject[],
  { snapshot: { status, value, context }, requests }: Step
): void {
  const asked: EffectRequest[] = [];
  const chart = chartOf(machine, input, undefined, asked);
  const events = path as readonly MooringEvent[];
  for (const event of events.slice(0, -1)) chart.send(event);
  const resumed = chartOf(machine, input, structuredClone(persisted(chart.getSnapshot())), asked);

  for (const one of [chart, resumed]) {
    asked.length = 0;
    one.send(events.at(-1)!);
    expect({ ...one.getSnapshot() }).toMatchObject({ status, value, context });
    expect(asked).toEqual(requests);
  }
}

/** What XState works out anew at each step, the plan of a chart says as well. */
function expectSameByPlan(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: EventObject,
  { snapshot: { status, value, context, tags, _nodes }, requests }: Step
): void {
  expect(canTake(chartPlan(machine), before, event as MooringEvent)).toBe(before.can(event));
  const { next, emitted } = stepBy(chartPlan(machine), before, event as MooringEvent);
  expect({ ...next }).toMatchObject({ status, value, context, tags });
  expect(new Set(next._nodes)).toEqual(new Set(_nodes));
  expect(emitted).toEqual(requests);
}

function refusalByTraits(request: EventObject): string {
  return refusalOf(request as EffectRequest, failure).type;
}

// A state asks when it is entered, and only the one that is come to rest in does.
function asksUpon(machine: AnyStateMachine, { snapshot, taken }: Step): number {
  const isEntered = taken.some((outcome) => transitionOf(machine, outcome).targets.length > 0);
  const active = new Set(snapshot._nodes.map(({ id }) => id));
  const leaf = structureOf(machine).states.findLast(({ id }) => active.has(id))!;
  return isEntered ? leaf.entry.filter(({ asks }) => asks).length : 0;
}

/** Breadth first over events; ends when everything wanted was seen or nothing is new. */
function explore<Event extends EventObject>(
  { machine, input, events, essence, isPossible = () => true }: ChartSubject<Event>,
  wanted: ReadonlySet<string>
): ReadonlyMap<string, readonly EventObject[]> {
  const found = new Map<string, readonly EventObject[]>();
  const first = createActor(machine, { input }).start().getSnapshot() as AnyMachineSnapshot;
  const queue = [{ snapshot: first, path: [] as readonly EventObject[] }];
  const seen = new Set<string>();
  for (const { snapshot, path } of queue) {
    if (snapshot.status !== 'active') continue;
    for (const event of events) {
      if (!isPossible(snapshot.context as never, event)) continue;
      const after = step(machine, snapshot, event);
      const longer = [...path, event];
      for (const key of after.outcomes.map(keyOf)) if (!found.has(key)) found.set(key, longer);
      const situation = JSON.stringify([
        after.snapshot.value,
        essence(after.snapshot.context as never)
      ]);
      if (seen.has(situation)) continue;
      seen.add(situation);
      queue.push({ snapshot: after.snapshot, path: longer });
    }
    if ([...wanted].every((key) => found.has(key))) break;
  }
  return found;
}

function step(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: EventObject): Step {
  const requests: EventObject[] = [];
  const taken: Outcome[] = [];
  const outcomes = answers(snapshot, event);
  const actor = createActor(machine, {
    snapshot,
    inspect: (seen) => {
      if (seen.type !== '@xstate.microstep') return;
      taken.push(...seen._transitions.map((transition) => outcomeOf(transition, true)));
      outcomes.push(...answers(seen.snapshot as AnyMachineSnapshot, null));
    }
  });
  actor.on('*', (request) => requests.push(request));
  actor.start().send(event);
  const after = actor.getSnapshot() as AnyMachineSnapshot;
  actor.stop();
  return { snapshot: after, requests, outcomes, taken };
}

// Asks the guards as XState does: from the innermost state outwards, up to the first that holds.
function answers(snapshot: AnyMachineSnapshot, event: EventObject | null): Outcome[] {
  const inner = snapshot._nodes.toSorted((a, b) => b.path.length - a.path.length);
  const outcomes: Outcome[] = [];
  for (const node of inner) {
    const candidates =
      event === null ? (node.always ?? []) : (node.transitions.get(event.type) ?? []);
    for (const candidate of candidates) {
      const holds = isHolding(candidate.guard, snapshot, event);
      outcomes.push(outcomeOf(candidate, holds));
      if (holds) return outcomes;
    }
  }
  return outcomes;
}

function isHolding(guard: unknown, snapshot: AnyMachineSnapshot, event: unknown): boolean {
  if (guard === undefined) return true;
  const { type, params } = (typeof guard === 'string' ? { type: guard } : guard) as {
    type: string;
    params?: (args: unknown) => unknown;
  };
  const args = { context: snapshot.context as unknown, event };
  const known = snapshot.machine.implementations.guards[type] as unknown as (
    args: unknown,
    params: unknown
  ) => boolean;
  return known(args, params?.(args));
}

function outcomeOf(candidate: AnyTransition, holds: boolean): Outcome {
  const { source, eventType, guard } = candidate;
  const list = eventType === '' ? source.always! : source.transitions.get(eventType)!;
  return {
    source: source.id,
    event: eventType,
    index: list.indexOf(candidate),
    answer: guard === undefined ? null : holds
  };
}

type AnyTransition = NonNullable<AnyStateMachine['root']['always']>[number];

function outcomesIn(machine: AnyStateMachine): Outcome[] {
  return structureOf(machine).states.flatMap(({ id, always, on }) =>
    [{ event: '', candidates: always }, ...on].flatMap(({ event, candidates }) =>
      candidates.flatMap(({ index, guard }) =>
        (guard === null ? [null] : [true, false]).map((answer) => ({
          source: id,
          event,
          index,
          answer
        }))
      )
    )
  );
}

function transitionOf(
  machine: AnyStateMachine,
  { source, event, index }: Outcome
): ChartTransition {
  const state = structureOf(machine).states.find(({ id }) => id === source)!;
  const list = event === '' ? state.always : state.on.find((on) => on.event === event)!.candidates;
  return list[index]!;
}

function titleOf(machine: AnyStateMachine, outcome: Outcome): string {
  const { guard, targets } = transitionOf(machine, outcome);
  const upon = outcome.event === '' ? 'at once' : `on ${outcome.event}`;
  const asked = guard === null ? '' : ` [${outcome.answer === true ? '' : 'not '}${guard.type}]`;
  const to = outcome.answer === false ? 'not taken' : (targets[0] ?? 'stays');
  return `${outcome.source} ${upon}${asked} #${outcome.index} -> ${to}`;
}

function keyOf({ source, event, index, answer }: Outcome): string {
  return `${source} ${event} #${index} ${answer}`;
}
