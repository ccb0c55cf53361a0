import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { MACHINES as ALL } from '../machines/all.ts';
import { shapeText, structureText } from '../machines/structure.ts';
import type { Key, Kind } from '../store/store.ts';
import { machineIdText, versionOf } from './versions.ts';

/** A chart, and what an actor of it starts from. */
export interface MachineEntry {
  readonly machine: AnyStateMachine;
  readonly input: (id: string) => unknown;
}

export type Machines = Readonly<Record<Kind, MachineEntry>>;

/** The chart of each kind of actor. */
export const MACHINES: Machines = ALL;

export const KINDS = Object.keys(MACHINES) as readonly Kind[];

export function machineOf(
  { kind, id }: Key,
  machines: Machines
): { machine: AnyStateMachine; input: unknown } {
  const { machine, input } = machines[kind];
  return { machine, input: input(id) };
}

const ids = new WeakMap<Machines, Map<Kind, string>>();

/** Which chart writes the records of a kind: its version, its structure and its shape. */
export function machineId(kind: Kind, machines: Machines): string {
  let known = ids.get(machines);
  if (known === undefined) {
    known = new Map<Kind, string>();
    ids.set(machines, known);
  }
  let id = known.get(kind);
  if (id === undefined) {
    id = machineIdOf(kind, machines[kind].machine, versionOf(kind));
    known.set(kind, id);
  }
  return id;
}

/** The same of a chart that need not be in the table. */
export function machineIdOf(kind: Kind, machine: AnyStateMachine, version: number): string {
  const structure = digest(structureText(machine)).slice(0, 12);
  return machineIdText({ kind, version, structure, shape: digest(shapeText(machine)).slice(0, 8) });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
