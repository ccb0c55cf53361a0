import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import { holdEffects, type OwnResources } from './actors/holds.ts';
import { lane } from './actors/lanes.ts';
import { MACHINES } from './actors/machines.ts';
import { createRegistry, type Registry } from './actors/registry.ts';
import type { SettleOrphans } from './actors/runtime.ts';
import type { Networks } from './api.ts';
import { createBus, type Bus } from './bus/bus.ts';
import { attachmentEffects } from './effects/attachments/attachments.ts';
import { cniEffects } from './effects/cni/effects.ts';
import { underPluginLock } from './effects/cni/locked.ts';
import { resultCache } from './effects/cni/cache.ts';
import type { CniPlugins } from './effects/cni/plugins.ts';
import { networkResolver } from './effects/cni/resolve.ts';
import type { Effects } from './effects/effects.ts';
import { observeNetns } from './effects/observe.ts';
import { examinerOf, type Examiner } from './examine.ts';
import { containerFiles } from './effects/files/files.ts';
import { HOST_PATHS } from './effects/files/host-files.ts';
import { sweepEffects } from './effects/firewall/sweep.ts';
import { findAardvark, nameServer, type NameServer } from './effects/names/aardvark.ts';
import { netnsAt, netnsEffects, verifyNetns } from './effects/netns.ts';
import type { NetworkFiles } from './effects/networks/network-files.ts';
import { firstAddAlone } from './effects/networks/first-add.ts';
import { fileLock } from './effects/networks/plugin-lock.ts';
import { sharedEffects } from './effects/networks/shared.ts';
import { checkStanding, usesPlugin } from './effects/networks/standing.ts';
import { flushConntrack } from './effects/ports/conntrack.ts';
import { forgettingConnections } from './effects/ports/forget.ts';
import { portClaims, type PortClaims } from './effects/ports/ports.ts';
import { settleOrphans } from './effects/process/orphans.ts';
import { run } from './effects/process/run.ts';
import { notedWait } from './effects/process/spans.ts';
import { seeHost, type Sought } from './effects/see.ts';
import { linkStats } from './effects/stats.ts';
import { timerEffects } from './effects/timer.ts';
import { collectGarbage } from './gc.ts';
import { keptProcesses, type KeptProcesses } from './kept-processes.ts';
import { openLog } from './log.ts';
import type { Netns } from './model/container.ts';
import { MooringError, type Failure } from './model/failure.ts';
import type { Collected } from './model/garbage.ts';
import type { SeenHost } from './model/seen.ts';
import type { InterfaceStats } from './model/stats.ts';
import { ensureDefaultNetwork, networksOf, openNetworkFiles, tellNetwork } from './networks.ts';
import {
  bootOf,
  namesDir,
  NETNS_DIR,
  netnsName,
  settingsOf,
  type ComposeOptions,
  type Settings
} from './settings.ts';
import { programsOf, type Programs } from './programs.ts';
import { embeddedStore } from './store/embedded/embedded.ts';
import type { Store } from './store/store.ts';
import { hasInterface } from './syscalls/interface-index.ts';
import { sharersOf } from './sharers.ts';
import { startNetnsThread, type NetnsThread } from './syscalls/netns-thread.ts';

/** Everything the verbs work with, wired up for one process. */
export interface Parts {
  readonly settings: Settings;
  readonly store: Store;
  readonly bus: Bus;
  readonly log: Logger;
  readonly registry: Registry;
  readonly networks: Omit<Networks, 'prune'>;
  /** As of `NetworkFiles`. */
  readonly prunable: NetworkFiles['prunable'];
  readonly examiner: Examiner;
  readonly kept: KeptProcesses;
  readonly collectGarbage: (options: { readonly dryRun: boolean }) => Promise<Collected>;
  readonly ensureDefaultNetwork: () => Promise<string>;
  readonly linkStats: (netns: Netns) => Promise<readonly InterfaceStats[] | null>;
  readonly see: (containers: readonly Sought[]) => Promise<SeenHost>;
  readonly close: () => Promise<void>;
}

/** @throws MooringError as `openMooring` */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const settings = settingsOf(options);
  const { lockTimeoutMs, root } = settings;
  const store = await openStore(settings);
  const log = openLog(options);
  const bus = createBus((error) => {
    log.error({ err: error }, 'a subscriber of the bus threw');
  });
  const programs = programsOf(settings, log);
  const { plugins, tool, spans } = programs;
  const files = openNetworkFiles(settings, store, plugins, tool);
  const thread = startNetnsThread();
  const shutdown = new AbortController();
  const names = namesOf(settings);
  const ownFiles = containerFiles({
    ...{ dir: join(root, 'files'), paths: HOST_PATHS, names },
    sharersOf: (container) => sharersOf(store, container)
  });
  const claims = portClaims({ ...settings, store, run: tool });
  const own = { ...ownResources(settings, claims, plugins), removeFiles: ownFiles.remove };
  const effects: Effects = {
    ...leafEffects(settings, { ...programs, store, thread, log }),
    ...ownFiles.effects,
    ...holdEffects(() => registry, own)
  };
  const registry: Registry = createRegistry({
    ...loopOf(settings, shutdown.signal),
    ...{ store, bus, log, spans },
    effects: options.wrapEffects?.(effects) ?? effects
  });
  const tell = tellNetwork(() => registry);
  return {
    settings,
    store,
    bus,
    log,
    registry,
    networks: networksOf(files, store, settings, tell),
    prunable: (filters) => files.prunable(filters),
    examiner: examinerOf({
      ...{ store, effects, runner: programs.runner, lockTimeoutMs },
      observe: (path, context) => observeNetns(tool, path, context)
    }),
    kept: keptProcesses({ store, claims, names, lockTimeoutMs }),
    collectGarbage: (options) =>
      collectGarbage(
        { ...gcPaths(settings), ...{ store, registry, effects, run: tool }, ...releasing(own) },
        options
      ),
    ensureDefaultNetwork: () => ensureDefaultNetwork(files, tell),
    linkStats: (netns) => linkStats(thread, netns),
    see: (containers) => seeHost(thread, containers, root),
    close: () => closeAll(shutdown, thread, store)
  };
}

/** What the loop of every process of this host works under. */
function loopOf({ lockTimeoutMs, concurrency, pluginTimeoutMs }: Settings, shutdown: AbortSignal) {
  return {
    machines: MACHINES,
    pluginLane: lane(concurrency),
    settleOrphans: ((operation, { mode, signal }) =>
      settleOrphans(operation, { mode, timeoutMs: pluginTimeoutMs, signal })) as SettleOrphans,
    lockTimeoutMs,
    shutdown,
    now: Date.now,
    newId: () => nanoid()
  };
}

function gcPaths(settings: Settings) {
  const { root } = settings;
  return {
    cache: resultCache(join(root, 'cni')),
    root,
    netnsDir: NETNS_DIR,
    netnsName: netnsName(settings)
  };
}

function releasing({ releasePorts, removeFiles }: OwnResources) {
  return { releasePorts, removeFiles };
}

async function closeAll(
  shutdown: AbortController,
  thread: NetnsThread,
  store: Store
): Promise<void> {
  shutdown.abort();
  await thread.close();
  await store.close();
}

function openStore(settings: Settings): Promise<Store> {
  const { root, store } = settings;
  if (store === 'embedded') return embeddedStore({ root, boot: bootOf(settings) });
  throw new MooringError(
    'store.unknown',
    `store ${JSON.stringify(store)} is not known, only "embedded" is`
  );
}

/** What a container takes for itself before its networks are added. */
function ownResources(
  settings: Settings,
  claims: PortClaims,
  plugins: CniPlugins
): Omit<OwnResources, 'removeFiles'> {
  const { confDir } = settings;
  return {
    resolve: networkResolver({ confDir, plugins }),
    claimPorts: claims.claim,
    releasePorts: claims.release,
    checkStanding: (networks) => checkStanding(confDir, networks),
    netnsAt
  };
}

function namesOf(settings: Settings): NameServer {
  const { root, graceMs } = settings;
  return nameServer({
    dir: namesDir(settings),
    file: findAardvark(),
    run,
    lock: fileLock(join(root, 'names.lock')),
    timeoutMs: 5 * graceMs
  });
}

interface Leaves extends Programs {
  readonly store: Store;
  readonly thread: NetnsThread;
  readonly log: Logger;
}

/** The effects that reach the host; the others only speak to other actors. */
function leafEffects(settings: Settings, leaves: Leaves) {
  const { store, plugins, thread, runner, tool, log, spans } = leaves;
  const { root } = settings;
  const pluginLock = fileLock(join(root, 'plugins.lock'));
  const cni = cniEffects({ runner, verifyNetns, hasPlugin: plugins.has, hasInterface });
  const locked = underPluginLock(pluginLock, cni, notedWait(spans, Date.now, 'plugins'));
  const firstAdds = { store, lock: fileLock(join(root, 'first-add.lock')) };
  const chains = { ...locked, 'cni.add': firstAddAlone(firstAdds, locked['cni.add']) };
  const attachments = attachmentEffects({
    run: tool,
    verifyNetns,
    observe: thread.observe,
    exclusive: pluginLock.preferExclusive
  });
  const connections = {
    flush: flushConntrack,
    onFailure: (failure: Failure) => {
      log.warn({ failure }, failure.message);
    }
  };
  return {
    ...netnsEffects({ thread, runDir: NETNS_DIR, nameOf: netnsName(settings) }),
    ...attachments,
    ...forgettingConnections({ ...chains, ...attachments }, connections),
    ...sweepEffects(tool),
    ...sharedEffects({
      store,
      run: tool,
      usesDnsname: async (network) =>
        plugins.has('dnsname') && usesPlugin(settings.confDir, network, 'dnsname'),
      pluginLock,
      usageLock: fileLock(join(root, 'usage.lock'))
    }),
    ...timerEffects(Date.now)
  };
}
