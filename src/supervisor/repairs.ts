import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import { containerContext, containerView } from '../actors/views.ts';
import { run } from '../effects/process/run.ts';
import { findTool } from '../effects/process/tool.ts';
import { MooringError, type Failure } from '../model/failure.ts';
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

const TIMEOUT_MS = 120_000;
const GRACE_MS = 2_000;

/**
 * Has the containers that an incident concerns look at their way out: those that have lost it become
 * `degraded`, those that have it again `up`.
 *
 * In a program of its own, as the supervisor is not where their networks are.
 *
 * @throws MooringError `supervisor.repairFailed`
 */
export async function repairContainers(
  config: SupervisorConfig,
  store: Store,
  incident: Incident,
  signal: AbortSignal
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
