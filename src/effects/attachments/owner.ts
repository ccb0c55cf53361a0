import type { NetnsOrigin } from '../../bus/events.ts';
import type { Drift } from '../../model/drift.ts';
import { processIdentity } from '../../syscalls/process-identity.ts';

/** Whether the process in whose netns a container is still runs; one that only waits to be reaped does not. */
export function ownerDrifts(owner: NetnsOrigin | undefined): readonly Drift[] {
  if (owner === undefined) return [];
  const { pid, startTime } = owner;
  if (processIdentity(pid)?.startTicks === startTime) return [];
  const text = `process ${pid}, whose network namespace it has, has ended`;
  return [{ network: null, kind: 'process', object: `process ${pid}`, text }];
}
