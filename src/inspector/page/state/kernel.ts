// What the kernel holds, beside what was recorded: asked of the host, or as a recording has it.
import { topologyOf, type Difference, type Topology } from '../../model/topology.ts';
import { Refused } from './server.ts';
import type { Session } from './session.ts';

export interface Kernel {
  readonly topology: Topology;
  /** By container, what the look of its actor found amiss; empty in a recording. */
  readonly drifts: readonly Difference[];
  /** Why it may not be all. */
  readonly note: string | null;
}

/** @param containers ids; `null`: as many as are shown at once */
export async function topologyFor(
  session: Session,
  containers: readonly string[] | null
): Promise<Topology> {
  const server = session.server.get();
  if (server !== null) return server.topology(containers);
  const observed = session.observed.get();
  if (observed === null) return topologyOf({ containers: [], networks: [], seen: null });
  const wanted = containers && new Set(containers);
  const shown = observed.containers.filter(({ id }) => wanted === null || wanted.has(id));
  return topologyOf({ containers: shown, networks: observed.networks, seen: observed.seen });
}

export async function kernelOf(session: Session, container: string): Promise<Kernel> {
  const topology = await topologyFor(session, [container]);
  const server = session.server.get();
  if (server === null) return { topology, drifts: [], note: 'as the recording has it' };
  try {
    const { drifts, complete, failure } = await server.examine(container);
    const note = failure?.message ?? (complete ? null : 'its plugins make more than is known here');
    return {
      topology,
      drifts: drifts.map(({ object, text }) => ({ object, text, kind: 'missing' as const })),
      note
    };
  } catch (error) {
    if (error instanceof Refused) return { topology, drifts: [], note: error.message };
    throw error;
  }
}
