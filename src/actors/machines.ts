import { createHash } from 'node:crypto';
import type { AnyStateMachine } from 'xstate';
import { containerMachine } from '../machines/container.ts';
import { forwarderMachine } from '../machines/forwarder.ts';
import { namespaceMachine } from '../machines/namespace.ts';
import { networkMachine } from '../machines/network.ts';
import { rootlessNetnsMachine } from '../machines/rootless-netns.ts';
import { uplinkMachine } from '../machines/uplink.ts';
import { structureText } from '../machines/structure.ts';
import type { Key, Kind } from '../store/store.ts';

/** The chart of each kind of actor, and what it starts from. */
const MACHINES: Readonly<
  Record<Kind, { readonly machine: AnyStateMachine; readonly input: (id: string) => unknown }>
> = {
  container: { machine: containerMachine, input: (container) => ({ container }) },
  namespace: { machine: namespaceMachine, input: (namespace) => ({ namespace }) },
  network: { machine: networkMachine, input: (network) => ({ network }) },
  uplink: { machine: uplinkMachine, input: (uplink) => ({ uplink }) },
  forwarder: { machine: forwarderMachine, input: (forwarder) => ({ forwarder }) },
  rootlessNetns: {
    machine: rootlessNetnsMachine,
    input: (rootlessNetns) => ({ rootlessNetns })
  }
};

export function machineOf({ kind, id }: Key): { machine: AnyStateMachine; input: unknown } {
  const { machine, input } = MACHINES[kind];
  return { machine, input: input(id) };
}

const ids = new Map<Kind, string>();

/** Machine id and structural hash, `container@3f9a0c…`: tells which chart wrote a record. */
export function machineId(kind: Kind): string {
  let id = ids.get(kind);
  if (id === undefined) {
    const text = structureText(MACHINES[kind].machine);
    id = `${kind}@${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
    ids.set(kind, id);
  }
  return id;
}
