import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import { containerContext, containerView } from '../actors/views.ts';
import type { Bus } from '../bus/bus.ts';
import { run } from '../effects/process/run.ts';
import { findTool } from '../effects/process/tool.ts';
import { failureOf, MooringError, type Failure } from '../model/failure.ts';
import { SHARED_UPLINK } from '../model/uplink.ts';
import { HOST_NETNS } from '../private-host/mount-plan.ts';
import type { Store, StoredActor } from '../store/store.ts';
import { environOf, type SupervisorConfig } from './config.ts';

/** Why a repair is asked for, in the environment of the program that asks for it. */
export const BECAUSE = 'MOORING_REPAIR_BECAUSE';

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

const TIMEOUT_MS = 120_000;
const GRACE_MS = 2_000;

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

/**
 * In a program of its own, as the supervisor is not where their networks are.
 *
 * @throws MooringError `supervisor.repairFailed`
 */
async function repairContainers(
  { config, store, signal }: RepairDeps,
  incident: Incident
): Promise<void> {
  const ids = await concerned(store, incident);
  if (ids.length === 0) return;
  const nsenter = findTool('nsenter') ?? 'nsenter';
  const within = config.host === null ? [] : [nsenter, `--net=${HOST_NETNS}`, '--'];
  const [file, ...args] = [...within, process.execPath, PROGRAM, ...ids];
  const exit = await run({
    file: file!,
    args,
    env: { ...environOf(config), [BECAUSE]: incident.failure.message },
    stdin: '',
    operation: nanoid(),
    timeoutMs: TIMEOUT_MS,
    graceMs: GRACE_MS,
    signal
  });
  if (exit.exitCode === 0 || exit.aborted) return;
  const reason = exit.spawnError?.message ?? exit.stderr.trim().split('\n').at(-1) ?? '';
  throw new MooringError('supervisor.repairFailed', `repairing ${ids.join(', ')}: ${reason}`);
}

// The built file beside this one, or its source where Node runs TypeScript.
const PROGRAM = fileURLToPath(new URL(`./repair${extname(import.meta.url)}`, import.meta.url));

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
  if (!reached || (state !== 'up' && state !== 'degraded')) return false;
  return isWell ? outage !== null : true;
}
