import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import type { Mooring } from '../api.ts';
import { watchFiles, type FileChange, type FileWatch } from '../effects/watch/files.ts';
import { watchKernel, type KernelChange, type KernelWatch } from '../effects/watch/kernel.ts';
import type { KeptProcesses } from '../kept-processes.ts';
import { failureOf } from '../model/failure.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { takeAgentLock } from './agent-lock.ts';
import { attention, type Attention } from './attention.ts';
import { concernedBy, reasonOf } from './concerned.ts';
import { adoptAll, follow, type Followed } from './follow.ts';
import { look, type LookDeps } from './look.ts';
import { ownerWatch, type OwnerWatch } from './owners.ts';
import { processWatch, type ProcessWatch } from './processes.ts';

/** The long-running process that lets the charts react to the world. */
export interface Agent {
  /** Ends the watches, and resolves when what is being put right is done. */
  close(): Promise<void>;
}

export interface AgentDeps {
  readonly mooring: Mooring;
  readonly compare: LookDeps['compare'];
  readonly store: Store;
  readonly kept: KeptProcesses;
  readonly settings: Settings;
  readonly log: Logger;
  /** Directory in which netns are pinned, `/run/netns`. */
  readonly netnsDir: string;
}

/** Files that those of a container are made from. */
const SOURCES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf', '/etc/hosts'];

/**
 * Starts to watch for a state directory: what other programs change in the kernel is looked at,
 * what can be put right is put right, and what can't makes its container `degraded`.
 *
 * What a dead process left half-way is brought to rest meanwhile: a plugin that hangs in it must not
 * keep the others from being watched. Resolves when everything is watched and was looked at once.
 *
 * @throws MooringError `agent.running`; StepError an errno's name where the kernel can't be watched
 */
export async function startAgent(deps: AgentDeps): Promise<Agent> {
  const unlock = takeAgentLock(join(deps.settings.root, 'agent.lock'));
  const stopping = new AbortController();
  let watches: Watches | undefined;
  try {
    const world = worldOf(deps);
    watches = await openWatches(deps, world);
    const followed = { ...deps, ...world, ...watches };
    const following = follow(followed, stopping.signal);
    const recovering = recover(deps);
    await adoptAll(followed);
    await world.seen.idle();
    return {
      async close() {
        stopping.abort();
        await closeWatches(watches);
        await following;
        await recovering;
        await world.seen.close();
        unlock();
      }
    };
  } catch (error) {
    stopping.abort();
    await closeWatches(watches);
    unlock();
    throw error;
  }
}

async function recover({ mooring, log }: AgentDeps): Promise<void> {
  try {
    for (const { id, failure } of await mooring.recover({ busy: 'skip' })) {
      if (failure !== undefined) log.error({ container: id, failure }, 'recovering');
    }
  } catch (error) {
    log.error({ failure: failureOf(error, 'agent') }, 'recovering');
  }
}

// They share what they read and change, so that many at once cost little more than one.
const LOOKS_AT_ONCE = 256;
const AGAIN_MS = 1_000;
const AGAIN_MAX_MS = 300_000;

type World = Pick<Followed, 'views' | 'postponed'> & { readonly seen: Attention };

function worldOf({ mooring, compare, store, log }: AgentDeps): World {
  const postponed = new Map<string, string>();
  const postpone = (id: string, reason: string) => void postponed.set(id, reason);
  const looking = { mooring, compare, store, log, postpone };
  const seen = attention({
    look: (id, reason) => look(looking, id, reason),
    atOnce: LOOKS_AT_ONCE,
    againMs: AGAIN_MS,
    againMaxMs: AGAIN_MAX_MS
  });
  return { views: new Map(), postponed, seen };
}

interface Watches {
  readonly kernel: KernelWatch;
  readonly files: FileWatch;
  readonly processes: ProcessWatch;
  readonly owners: OwnerWatch;
}

async function closeWatches(watches: Watches | undefined): Promise<void> {
  watches?.files.close();
  await watches?.processes.close();
  await watches?.kernel.close();
}

async function openWatches(deps: AgentDeps, { views, seen }: World): Promise<Watches> {
  const { settings, log, netnsDir } = deps;
  const onTrouble = (failure: object) => {
    log.warn({ failure }, 'watching goes on with less');
  };
  const onKernel = (change: KernelChange) => {
    if (change.kind === 'exit') {
      if (!owners.ended(change.key)) processes.ended(change.key);
      return;
    }
    const ids = concernedBy(change, [...views.values()]);
    log.debug({ change, ids }, 'kernel');
    seen.callFor(ids, reasonOf(change));
  };
  const onFiles = (change: FileChange) => {
    log.debug({ change }, 'files');
    fileChanged(deps, { views, seen }, change);
  };
  const kernel = await watchKernel({ onChange: onKernel, onTrouble });
  const processes = processWatch({
    kernel,
    kept: deps.kept,
    containers: () => views.keys(),
    refresh: (id) => deps.mooring.refresh(id),
    log
  });
  const owners = ownerWatch({
    kernel,
    onEnd: (id, pid) => {
      seen.callFor([id], `process ${pid} has ended`);
    }
  });
  const files = watchFiles({
    resolvConfs: SOURCES,
    confDirs: [settings.confDir],
    pluginDirs: settings.pluginDirs,
    netnsDirs: [netnsDir],
    onChange: onFiles,
    onTrouble
  });
  return { kernel, files, processes, owners };
}

function fileChanged(
  { mooring, log }: AgentDeps,
  { views, seen }: Pick<World, 'views' | 'seen'>,
  { kind, path, names }: FileChange
): void {
  if (kind === 'resolvConf') {
    for (const id of views.keys()) {
      mooring.refresh(id).catch((error: unknown) => {
        log.error({ failure: failureOf(error, 'agent') }, `refreshing the files of ${id}`);
      });
    }
  }
  if (kind === 'netnsDir') {
    const gone = [...views.values()].filter(
      ({ netns }) => netns !== null && names.includes(basename(netns.path))
    );
    seen.callFor(
      gone.map(({ id }) => id),
      `${path} changed`
    );
  }
  // Networks and plugins are read when they are next needed.
  if (kind === 'conflists' || kind === 'plugins') log.info({ path, names }, `${kind} changed`);
}
