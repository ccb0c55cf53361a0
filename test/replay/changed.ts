import { StateMachine, type AnyStateMachine } from 'xstate';
import { MACHINES, type Machines } from '../../src/actors/machines.ts';
import type { Kind } from '../../src/store/store.ts';

/** A chart as it was written, to be changed at will. */
export interface Config {
  states: Record<string, Config>;
  on?: Record<string, unknown>;
  always?: unknown;
  entry?: unknown;
  initial?: string;
  [field: string]: unknown;
}

/** The charts with one of them changed, and its words too where they are given. */
export function machinesWith(
  kind: Kind,
  change: (config: Config) => void,
  words: { readonly guards?: object; readonly actions?: object } = {}
): Machines {
  const { machine, input } = MACHINES[kind];
  return { ...MACHINES, [kind]: { machine: changed(machine, change, words), input } };
}

export function changed(
  machine: AnyStateMachine,
  change: (config: Config) => void,
  words: { readonly guards?: object; readonly actions?: object } = {}
): AnyStateMachine {
  const config = copyOf(machine.config) as unknown as Config;
  change(config);
  const { guards, actions, ...rest } = machine.implementations;
  return new StateMachine(
    config as never,
    {
      ...rest,
      guards: { ...guards, ...words.guards },
      actions: { ...actions, ...words.actions }
    } as never
  );
}

/** A state by its path, `tearingDown.releasing`. */
export function stateIn(config: Config, path: string): Config {
  return path.split('.').reduce((state, name) => state.states[name]!, config);
}

function copyOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, copyOf(inner)])
  ) as Value;
}
