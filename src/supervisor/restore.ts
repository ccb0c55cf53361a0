import type { Rest } from '../actors/durable-actor.ts';
import { OUTSIDE_KINDS } from '../actors/routed.ts';
import type { Registry } from '../actors/registry.ts';
import type { LostUplink } from '../effects/outside/uplinks.ts';
import { STEADY_MS, type UplinkContext } from '../machines/uplink-context.ts';
import { isJsonObject } from '../model/json.ts';
import type { Store, StoredActor } from '../store/store.ts';

const FAILURE = {
  code: 'supervisor.lost',
  message: 'the supervisor was killed, and what it had started with it'
};

/**
 * Brings back what a supervisor that was killed had: its programs and ports have ended with it.
 *
 * What it was in the middle of goes on from where it is recorded.
 */
export async function restoreOutside(store: Store, registry: Registry): Promise<void> {
  for (const kind of OUTSIDE_KINDS) {
    const listed = await store.list(kind);
    const ours = listed.flatMap((entry) => ('actor' in entry ? [entry.actor] : []));
    const due = ours.filter(({ boot }) => boot === store.boot);
    await Promise.all(due.map((actor) => restore(registry, actor)));
  }
}

/** Has an uplink started again that has ended by itself. */
export function tellLost(registry: Registry, { uplink, ...lost }: LostUplink): Promise<Rest> {
  const key = { kind: 'uplink', id: uplink } as const;
  return registry.ask(key, { type: 'uplink.lost', uplink, ...lost });
}

async function restore(registry: Registry, actor: StoredActor): Promise<void> {
  const { key, outstanding } = actor;
  const { kind, id } = key;
  if (outstanding.length > 0) await registry.settle(key);
  if (kind === 'forwarder') {
    await registry.ask(key, { type: 'forwarder.lost', forwarder: id, failure: FAILURE });
  }
  if (kind !== 'uplink') return;
  // One that was started meanwhile is another.
  const process = processOf(actor);
  if (process === null) return;
  await tellLost(registry, { uplink: id, process, failure: FAILURE, ranMs: STEADY_MS });
}

function processOf({ snapshot }: StoredActor): UplinkContext['process'] {
  const context = isJsonObject(snapshot) ? snapshot['context'] : undefined;
  return (context as unknown as UplinkContext | undefined)?.process ?? null;
}
