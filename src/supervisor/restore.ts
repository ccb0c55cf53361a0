import type { Rest } from '../actors/durable-actor.ts';
import { OUTSIDE_KINDS } from '../actors/routed.ts';
import type { Registry } from '../actors/registry.ts';
import type { ForwarderContext } from '../machines/forwarder.ts';
import type { LostUplink } from '../effects/outside/uplinks.ts';
import { STEADY_MS, type UplinkContext } from '../machines/uplink-context.ts';
import type { Failure } from '../model/failure.ts';
import { isJsonObject } from '../model/json.ts';
import type { Store, StoredActor } from '../store/store.ts';
import type { Incident } from './repairs.ts';

const FAILURE = {
  code: 'supervisor.lost',
  message: 'the supervisor was killed, and what it had started with it'
};

/**
 * Brings back what a supervisor that was killed had: its programs and ports have ended with it.
 *
 * What it was in the middle of goes on from where it is recorded.
 */
export async function restoreOutside(
  store: Store,
  registry: Registry
): Promise<readonly Incident[]> {
  const incidents: Incident[] = [];
  for (const kind of OUTSIDE_KINDS) {
    const listed = await store.list(kind);
    const ours = listed.flatMap((entry) => ('actor' in entry ? [entry.actor] : []));
    const due = ours.filter(({ boot }) => boot === store.boot);
    const found = await Promise.all(due.map((actor) => restore(registry, actor)));
    incidents.push(...found.filter((incident) => incident !== undefined));
  }
  return incidents;
}

/** Has an uplink started again that has ended by itself. */
export async function tellLost(registry: Registry, lost: LostUplink): Promise<Incident> {
  const { uplink } = lost;
  const key = { kind: 'uplink', id: uplink } as const;
  const rest = await registry.ask(key, { type: 'uplink.lost', ...lost });
  return incidentOf(uplink, rest, lost.failure);
}

function incidentOf(id: string, { value, context }: Rest, lost: Failure): Incident {
  const { failure } = context as UplinkContext | ForwarderContext;
  return { id, isWell: value !== 'down' && value !== 'stuck', failure: failure ?? lost };
}

async function restore(registry: Registry, actor: StoredActor): Promise<Incident | undefined> {
  const { key, outstanding, value } = actor;
  const { kind, id } = key;
  if (value === 'down') return { id, isWell: false, failure: failureIn(actor) ?? FAILURE };
  if (outstanding.length > 0) await registry.settle(key);
  if (kind === 'forwarder') {
    const command = { type: 'forwarder.lost', forwarder: id, failure: FAILURE } as const;
    return incidentOf(id, await registry.ask(key, command), FAILURE);
  }
  if (kind !== 'uplink') return undefined;
  // One that was started meanwhile is another.
  const process = processOf(actor);
  if (process === null) return undefined;
  return tellLost(registry, { uplink: id, process, failure: FAILURE, ranMs: STEADY_MS });
}

function processOf(actor: StoredActor): UplinkContext['process'] {
  return contextOf(actor)?.process ?? null;
}

function failureIn(actor: StoredActor): Failure | null {
  return contextOf(actor)?.failure ?? null;
}

function contextOf({ snapshot }: StoredActor): UplinkContext | undefined {
  const context = isJsonObject(snapshot) ? snapshot['context'] : undefined;
  return context as unknown as UplinkContext | undefined;
}
