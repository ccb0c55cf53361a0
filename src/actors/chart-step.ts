import type { AnyMachineSnapshot } from 'xstate';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import type { Args, Assign, ChartPlan, Deed, Expression, Way } from './chart-plan.ts';

export interface Stepped {
  readonly next: AnyMachineSnapshot;
  readonly emitted: readonly EffectRequest[];
}

/**
 * One event through a chart, and every transition after it that needs none.
 *
 * What XState's `transition` gives, without working out again what the plan of the chart says.
 *
 * @throws Error for what is left to XState, and what guards and actions throw
 */
export function stepBy(
  plan: ChartPlan,
  snapshot: AnyMachineSnapshot,
  event: MooringEvent
): Stepped {
  const begun = plan.placeOf(snapshot._nodes);
  const walk: Walk = { context: snapshot.context as object, isOwn: false, event, emitted: [] };
  let place = begun;
  let way = chosen(place.on(event.type), walk);
  for (;;) {
    if (way !== undefined) {
      for (const deed of way.deeds) perform(deed, walk);
      place = way.to();
    }
    const next = chosen(place.always(), walk);
    if (next === undefined || (next === way && next.changesNothing)) break;
    way = next;
  }
  const { context, isOwn, emitted } = walk;
  if (place === begun && !isOwn) return { next: snapshot, emitted };
  const next = {
    ...place.restingAs(snapshot),
    context,
    children: snapshot.children as unknown,
    historyValue: snapshot.historyValue as unknown
  };
  return { next: next as AnyMachineSnapshot, emitted };
}

/**
 * Whether an event means anything to a chart now, as a snapshot's `can` tells.
 *
 * @throws Error as {@link stepBy}
 */
export function canTake(
  plan: ChartPlan,
  { _nodes, context }: AnyMachineSnapshot,
  event: MooringEvent
): boolean {
  const walk: Walk = { context: context as object, isOwn: false, event, emitted: [] };
  return chosen(plan.placeOf(_nodes).on(event.type), walk)?.means === true;
}

interface Walk {
  context: object;
  /** Whether the context is a copy that was made on this walk. */
  isOwn: boolean;
  readonly event: MooringEvent;
  readonly emitted: EffectRequest[];
}

function chosen(ways: readonly Way[], walk: Walk): Way | undefined {
  for (const way of ways) {
    const { guard } = way;
    if (guard === undefined) return way;
    const args = argsOf(walk);
    if (guard.test(args, paramsOf(guard.params, args))) return way;
  }
  return undefined;
}

function perform(deed: Deed, walk: Walk): void {
  const args = argsOf(walk);
  const params = paramsOf(deed.params, args);
  if ('assignment' in deed) assign(deed.assignment, args, params, walk);
  else {
    const { request } = deed;
    walk.emitted.push(typeof request === 'function' ? request(args, params) : request);
  }
}

function assign(assignment: Assign['assignment'], args: Args, params: unknown, walk: Walk): void {
  const changes =
    typeof assignment === 'function'
      ? assignment(args, params)
      : changesOf(assignment, args, params);
  // Copied once: a copy takes long, and nobody has seen this one before the walk ends.
  if (!walk.isOwn) walk.context = { ...walk.context };
  walk.isOwn = true;
  for (const name in changes) {
    (walk.context as Record<string, unknown>)[name] = (changes as Record<string, unknown>)[name];
  }
}

/** All of them from the context as it was. */
function changesOf(assigners: Readonly<Record<string, unknown>>, args: Args, params: unknown) {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(assigners)) {
    const given = assigners[name];
    changes[name] =
      typeof given === 'function' ? (given as Expression<unknown>)(args, params) : given;
  }
  return changes;
}

function paramsOf(params: unknown, args: Args): unknown {
  return typeof params === 'function' ? (params as (args: Args) => unknown)(args) : params;
}

function argsOf({ context, event }: Walk): Args {
  return { context, event };
}
