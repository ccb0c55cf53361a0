import type { AnyMachineSnapshot } from 'xstate';
import type { MooringEvent } from '../bus/events.ts';
import type { EffectRequest } from '../bus/requests.ts';
import { failureOf, MooringError } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { keyText, type Key, type Known, type StoredActor } from '../store/store.ts';
import { chartOf, type Chart } from './chart.ts';
import type { Rest } from './durable-actor.ts';
import { machineOf, type Machines } from './machines.ts';
import type { RestedActors } from './rested.ts';
import type { Runtime } from './runtime.ts';
import { migrated } from './versions.ts';

/** An actor as it stood when it last rested. */
export interface Recalled {
  readonly actor: Chart;
  /** What it asks for comes here. */
  readonly asked: EffectRequest[];
  /** Its last record, when it had to be read. */
  readonly stored: StoredActor | undefined;
  readonly known: Known | undefined;
  /** Milliseconds since the epoch; `undefined` for one that is new. */
  readonly since: number | undefined;
}

/**
 * Takes an actor out of memory, or restores it from the store when another process has been at it.
 *
 * @throws MooringError `store.corrupt`, `store.machineChanged`
 */
export async function recall(
  key: Key,
  { store, machines }: Pick<Runtime, 'store' | 'machines'>,
  rested: RestedActors
): Promise<Recalled> {
  const memory = rested.take(key);
  const found = await store.load(key, memory?.known);
  if (found === 'unchanged' && memory !== undefined) {
    const { actor, asked, known, since } = memory;
    return { actor, asked, stored: undefined, known, since };
  }
  const stored = found === 'unchanged' || found === undefined ? undefined : migrated(found);
  const { actor, asked } = restore(key, machines, stored?.snapshot);
  return { actor, asked, stored, known: stored, since: stored?.time };
}

/**
 * An actor as a snapshot has it, or a new one.
 *
 * @throws MooringError `store.machineChanged` when the chart has no place for the snapshot
 */
export function restore(
  key: Key,
  machines: Machines,
  snapshot: Json | undefined
): { readonly actor: Chart; readonly asked: EffectRequest[] } {
  const { machine, input } = machineOf(key, machines);
  const asked: EffectRequest[] = [];
  try {
    return { actor: chartOf(machine, input, snapshot, asked), asked };
  } catch (error) {
    const { message } = failureOf(error, 'store');
    throw new MooringError(
      'store.machineChanged',
      `${keyText(key)} was recorded by another version of its chart: ${message}`,
      { cause: error }
    );
  }
}

/**
 * What `getPersistedSnapshot()` gives for a machine without children and history states,
 * as all of ours are: it would look through the whole context for references to actors.
 */
export function persisted({ status, value, context, error }: AnyMachineSnapshot): Json {
  // A throwing guard or action stops an actor; going on from there would repeat nothing and lose all.
  if (status === 'error') throw error;
  return {
    status,
    value: value as Json,
    context: context as Json,
    children: NOTHING,
    historyValue: NOTHING
  };
}

const NOTHING = {};

export function restOf({ value, context }: AnyMachineSnapshot, since: number): Rest {
  return { value: value as Json, context: context as unknown, since };
}

/** Tells an actor that what its record says of the kernel is of an earlier boot. */
export function rebootedEvent({ kind, id }: Key): MooringEvent {
  switch (kind) {
    case 'container':
      return { type: 'container.rebooted', container: id };
    case 'namespace':
      return { type: 'namespace.rebooted', namespace: id };
    case 'network':
      return { type: 'network.rebooted', network: id };
    case 'uplink':
      return { type: 'uplink.rebooted', uplink: id };
    case 'forwarder':
      return { type: 'forwarder.rebooted', forwarder: id };
    case 'rootlessNetns':
      return { type: 'rootlessNetns.rebooted', rootlessNetns: id };
  }
}
