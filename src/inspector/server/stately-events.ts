import { idOf, kindOf, type Recorded } from '../model/records.ts';
import type { InspectedHost } from './host.ts';

/** Keys of actors that the other end was told of. */
export type Told = Set<string>;

/** One message of Stately's inspection protocol. */
export type StatelyEvent = Readonly<Record<string, unknown>> & {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot';
  /** The actor: `container/web` */
  readonly sessionId: string;
};

/**
 * A record as that protocol has it: the actor when it is new, the event, and the state that
 * followed. Contexts are left out: they stand in no record.
 */
export function statelyEvents(
  record: Pick<Recorded, 'key' | 'seq' | 'time' | 'event' | 'value'>,
  { machines, version }: Pick<InspectedHost, 'machines' | 'version'>,
  told: Told
): readonly StatelyEvent[] {
  const { key, seq, time, event, value } = record;
  const common = {
    sessionId: key,
    rootId: key,
    createdAt: String(time),
    id: `${key} ${seq} ${time}`,
    _version: version
  };
  const snapshot = { status: 'active', value, context: {} };
  const events: StatelyEvent[] = [
    { type: '@xstate.event', event, sourceId: undefined, ...common },
    { type: '@xstate.snapshot', event, snapshot, ...common }
  ];
  if (told.has(key)) return events;
  told.add(key);
  const name = `${kindOf(key)} ${idOf(key)}`;
  const definition = definitionOf(machines, kindOf(key));
  return [
    { type: '@xstate.actor', name, snapshot, definition, parentId: undefined, ...common },
    ...events
  ];
}

function definitionOf(machines: InspectedHost['machines'], kind: string): string | undefined {
  const machine = Object.hasOwn(machines, kind) ? machines[kind]!.machine : undefined;
  return (
    machine &&
    JSON.stringify(machine.config, (_, value: unknown) =>
      typeof value === 'function' ? { type: value.name } : value
    )
  );
}
