import { containerMachine } from './container.ts';
import { forwarderMachine } from './forwarder.ts';
import { leaseMachine } from './lease.ts';
import { namespaceMachine } from './namespace.ts';
import { networkMachine } from './network.ts';
import { rootlessNetnsMachine } from './rootless-netns.ts';
import { uplinkMachine } from './uplink.ts';

/** Every machine by the kind of actor that it is of, and what it starts from. */
export const MACHINES = {
  container: { machine: containerMachine, input: (container: string) => ({ container }) },
  namespace: { machine: namespaceMachine, input: (namespace: string) => ({ namespace }) },
  network: { machine: networkMachine, input: (network: string) => ({ network }) },
  uplink: { machine: uplinkMachine, input: (uplink: string) => ({ uplink }) },
  forwarder: { machine: forwarderMachine, input: (forwarder: string) => ({ forwarder }) },
  rootlessNetns: {
    machine: rootlessNetnsMachine,
    input: (rootlessNetns: string) => ({ rootlessNetns })
  }
} as const;

/** Every chart that is drawn: those of actors, and that of a lease, which a store driver runs. */
export const CHARTS = [...Object.values(MACHINES).map(({ machine }) => machine), leaseMachine];
