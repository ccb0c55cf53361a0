import { containerMachine } from './container.ts';
import { leaseMachine } from './lease.ts';
import { namespaceMachine } from './namespace.ts';
import { networkMachine } from './network.ts';

/** Every machine by the kind of actor that it is of, and what it starts from. */
export const MACHINES = {
  container: { machine: containerMachine, input: (container: string) => ({ container }) },
  namespace: { machine: namespaceMachine, input: (namespace: string) => ({ namespace }) },
  network: { machine: networkMachine, input: (network: string) => ({ network }) }
} as const;

/** Every chart that is drawn: those of actors, and that of a lease, which a store driver runs. */
export const CHARTS = [...Object.values(MACHINES).map(({ machine }) => machine), leaseMachine];
