import { containerMachine } from './container.ts';
import { namespaceMachine } from './namespace.ts';
import { networkMachine } from './network.ts';

/** Every machine by the kind of actor that it is of, and what it starts from. */
export const MACHINES = {
  container: { machine: containerMachine, input: (container: string) => ({ container }) },
  namespace: { machine: namespaceMachine, input: (namespace: string) => ({ namespace }) },
  network: { machine: networkMachine, input: (network: string) => ({ network }) }
} as const;
