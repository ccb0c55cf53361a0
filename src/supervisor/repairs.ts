import type { Logger } from 'pino';
import { containerContext, containerView } from '../actors/views.ts';
import type { Bus } from '../bus/bus.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { SHARED_UPLINK } from '../model/uplink.ts';
import type { Store, StoredActor } from '../store/store.ts';
import { askContainers } from './ask-containers.ts';
import type { SupervisorConfig } from './config.ts';
import { isLive } from '../model/view.ts';

/** What befell something outside, and how it rests now. */
export interface Incident {
  /** Id of an uplink or a forwarder. */
  readonly id: string;
  /** Whether it is there again. */
  readonly isWell: boolean;
  readonly failure: Failure;
}

export interface RepairDeps {
  readonly config: SupervisorConfig;
  readonly store: Store;
  readonly log: Logger;
  readonly bus: Pick<Bus, 'committed$'>;
  readonly signal: AbortSignal;
}

export interface Repairs {
  /** Has the containers that it concerns look at their way out. */
  after(incident: Incident): void;
  /** Resolves when none is under way. */
  close(): Promise<void>;
}

/**
 * Containers that have lost their way out become `degraded`, and those that have it again `up`,
 * also when it was another that had it started again.
 */
export function repairsOf(deps: RepairDeps): Repairs {
  const { bus, log } = deps;
  const underWay = new Set<Promise<void>>();
  /** By id: what is not there, with the reason. */
  const down = new Map<string, Failure>();
  bus.committed$.subscribe(({ event }) => {
    const id = event.type === 'uplink.started' ? event.uplink : '';
    const failure = down.get(id);
    // Whoever asked for it knows; the others that it is shared with don't.
    if (failure) after({ id, isWell: true, failure });
  });
  return {
    after,
    async close() {
      await Promise.all(underWay);
    }
  };

  function after(incident: Incident): void {
    if (incident.isWell) down.delete(incident.id);
    else down.set(incident.id, incident.failure);
    const done = repairContainers(deps, incident).catch((error: unknown) => {
      log.error({ failure: failureOf(error, 'supervisor') }, `after ${incident.id} was lost`);
    });
    underWay.add(done);
    void done.finally(() => underWay.delete(done));
  }
}

async function repairContainers(deps: RepairDeps, incident: Incident): Promise<void> {
  const ids = await concerned(deps.store, incident);
  if (ids.length > 0) await askContainers(deps, 'repair', ids, incident.failure.message);
}

/** One that is well concerns only those that don't know it yet. */
async function concerned(store: Store, { id, isWell }: Incident): Promise<readonly string[]> {
  const listed = await store.list('container');
  return listed
    .flatMap((entry) => ('actor' in entry ? [entry.actor] : []))
    .filter((actor) => id === SHARED_UPLINK || actor.key.id === id)
    .filter((actor) => isConcerned(actor, store.boot, isWell))
    .map(({ key }) => key.id);
}

function isConcerned(actor: StoredActor, boot: string, isWell: boolean): boolean {
  const { state } = containerView(actor, boot);
  const { reached, outage } = containerContext(actor);
  if (!reached || !isLive(state)) return false;
  return isWell ? outage !== null : true;
}
