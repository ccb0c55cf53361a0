import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { containerView, stateOf } from '../actors/views.ts';
import type { Mooring } from '../api.ts';
import { watchFiles, type FileChange, type FileWatch } from '../effects/watch/files.ts';
import { watchKernel, type KernelChange, type KernelWatch } from '../effects/watch/kernel.ts';
import type { KeptProcesses } from '../kept-processes.ts';
import type { Drift } from '../model/drift.ts';
import { failureOf } from '../model/failure.ts';
import type { ContainerView } from '../model/view.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { takeAgentLock } from './agent-lock.ts';
import { attention, type Attention } from './attention.ts';
import { concernedBy, reasonOf } from './concerned.ts';
import { processWatch, type ProcessWatch } from './processes.ts';

/** The long-running process that lets the charts react to the world. */
export interface Agent {
  /** Ends the watches, and resolves when what is being put right is done. */
  close(): Promise<void>;
}

export interface AgentDeps {
  readonly mooring: Mooring;
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
  const views = new Map<string, ContainerView>();
  let watch: Watches | undefined;
  try {
    const seen = attention((id, reason) => look(deps, id, reason), LOOKS_AT_ONCE);
    watch = await openWatches(deps, views, seen);
    const following = follow(deps, { views, watch, seen, signal: stopping.signal });
    const recovering = recover(deps);
    await adoptAll(deps, views, watch, seen);
    await seen.idle();
    return {
      async close() {
        stopping.abort();
        watch?.files.close();
        await watch?.processes.close();
        await watch?.kernel.close();
        await following;
        await recovering;
        await seen.close();
        unlock();
      }
    };
  } catch (error) {
    stopping.abort();
    watch?.files.close();
    await watch?.processes.close();
    await watch?.kernel.close();
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
const LOOKS_AT_ONCE = 64;

interface Watches {
  readonly kernel: KernelWatch;
  readonly files: FileWatch;
  readonly processes: ProcessWatch;
}

type Views = Map<string, ContainerView>;

async function openWatches(deps: AgentDeps, views: Views, seen: Attention): Promise<Watches> {
  const { settings, log, netnsDir } = deps;
  const onTrouble = (failure: object) => {
    log.warn({ failure }, 'watching goes on with less');
  };
  const onKernel = (change: KernelChange) => {
    if (change.kind === 'exit') {
      processes.ended(change.key);
      return;
    }
    const ids = concernedBy(change, [...views.values()]);
    log.debug({ change, ids }, 'kernel');
    seen.callFor(ids, reasonOf(change));
  };
  const onFiles = (change: FileChange) => {
    log.debug({ change }, 'files');
    fileChanged(deps, views, seen, change);
  };
  const kernel = await watchKernel({ onChange: onKernel, onTrouble });
  const processes = processWatch({
    kernel,
    kept: deps.kept,
    containers: () => views.keys(),
    refresh: (id) => deps.mooring.refresh(id),
    log
  });
  const files = watchFiles({
    resolvConfs: SOURCES,
    confDirs: [settings.confDir],
    pluginDirs: settings.pluginDirs,
    netnsDirs: [netnsDir],
    onChange: onFiles,
    onTrouble
  });
  return { kernel, files, processes };
}

function fileChanged(
  { mooring, log }: AgentDeps,
  views: Views,
  seen: Attention,
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

/** Takes up what is there already. */
async function adoptAll(
  { store, log }: AgentDeps,
  views: Views,
  watch: Watches,
  seen: Attention
): Promise<void> {
  for (const entry of await store.list('container')) {
    if ('failure' in entry) log.error({ failure: entry.failure }, `reading ${entry.key.id}`);
    else await adopt(containerView(entry.actor, store.boot), { views, watch, seen, log });
  }
}

interface Surroundings {
  readonly views: Views;
  readonly watch: Watches;
  readonly seen: Attention;
  readonly log: Logger;
}

/** Watches a container that rests with its networks, and lets go of every other. */
async function adopt(
  view: ContainerView,
  { views, watch: { kernel, processes }, seen, log }: Surroundings
): Promise<void> {
  const { id, netns } = view;
  const before = views.get(id);
  const isLive = view.state === 'up' || view.state === 'degraded';
  if (!isLive || netns === null) {
    views.delete(id);
    if (before) {
      processes.drop(id);
      await kernel.removeNetns(id);
    }
    return;
  }
  views.set(id, view);
  processes.follow(id);
  const isOwn = view.spec.namespace === undefined || view.spec.namespace.kind === 'process';
  const isKnown = before?.netns?.inode === netns.inode && before.netns.device === netns.device;
  if (isKnown) return;
  try {
    if (isOwn) await kernel.addNetns(id, netns);
  } catch (error) {
    log.warn({ failure: failureOf(error, 'watch') }, `watching the netns of ${id}`);
  }
  // What was changed before the watch began.
  seen.callFor([id], 'not looked at before');
}

interface Following extends Omit<Surroundings, 'log'> {
  readonly signal: AbortSignal;
}

/** What this and other processes do with containers, until the signal aborts. */
async function follow(deps: AgentDeps, { signal, ...rest }: Following): Promise<void> {
  const { store, log } = deps;
  try {
    for await (const { key, value } of store.follow(signal)) {
      const [kind, id = ''] = key.split('/');
      if (kind !== 'container' || isPassing(stateOf(value))) continue;
      const actor = await store.load({ kind: 'container', id });
      if (actor) await adopt(containerView(actor, store.boot), { ...rest, log });
      else await drop(id, rest);
    }
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'following the journals');
  }
}

async function drop(id: string, { views, watch }: Pick<Following, 'views' | 'watch'>) {
  if (!views.delete(id)) return;
  watch.processes.drop(id);
  await watch.kernel.removeNetns(id);
}

// Changes that somebody is making are not drifts.
function isPassing(state: ContainerView['state']): boolean {
  const passing: readonly ContainerView['state'][] = [
    'creating',
    'configuring',
    'reloading',
    'connecting',
    'disconnecting'
  ];
  return passing.includes(state);
}

/** Looks at one container, and has its chart react when the kernel is not as it is recorded. */
async function look(deps: AgentDeps, id: string, reason: string): Promise<void> {
  const { mooring, store, log } = deps;
  try {
    const actor = await store.load({ kind: 'container', id });
    if (!actor) return;
    const view = containerView(actor, store.boot);
    // Somebody is at it: what it comes to is in the journal, and looked at then.
    if (view.pending || (view.state !== 'up' && view.state !== 'degraded')) return;
    const { drifts, failure } = await mooring.examine(id);
    if (failure !== null || textOf(drifts) === textOf(view.drifts)) return;
    log.info({ container: id, reason, drifts: drifts.map(({ text }) => text) }, 'drift');
    const { state } = await mooring.repair(id, { because: reason });
    log.info({ container: id, state }, 'looked at');
  } catch (error) {
    log.error({ container: id, failure: failureOf(error, 'agent') }, 'looking at it');
  }
}

function textOf(drifts: readonly Drift[]): string {
  return drifts.map(({ text }) => text).join('\n');
}
