import { join } from 'node:path';
import type { Logger } from 'pino';
import { holdEffects, type OwnResources } from './actors/holds.ts';
import { lane } from './actors/lanes.ts';
import { createRegistry, type Registry } from './actors/registry.ts';
import { routed } from './actors/routed.ts';
import type { Networks } from './api.ts';
import { createBus, type Bus } from './bus/bus.ts';
import { OUTSIDE_REQUESTS } from './bus/outside-requests.ts';
import { attachmentEffects } from './effects/attachments/attachments.ts';
import { cniEffects } from './effects/cni/effects.ts';
import { resultCache } from './effects/cni/cache.ts';
import { cniPlugins, type CniPlugins } from './effects/cni/plugins.ts';
import { networkResolver } from './effects/cni/resolve.ts';
import { cniRunner, type CniRunner } from './effects/cni/runner.ts';
import type { Effects } from './effects/effects.ts';
import { elsewhere } from './effects/elsewhere.ts';
import { observeNetns } from './effects/observe.ts';
import { examinerOf, type Examiner } from './examine.ts';
import { containerFiles } from './effects/files/files.ts';
import { sweepEffects } from './effects/firewall/sweep.ts';
import { findAardvark, nameServer, type NameServer } from './effects/names/aardvark.ts';
import { machineHost } from './effects/machine-host.ts';
import { netnsAt, netnsEffects, verifyNetns } from './effects/netns.ts';
import type { NetworkFiles } from './effects/networks/network-files.ts';
import { fileLock, type SharedLock } from './effects/networks/plugin-lock.ts';
import { sharedEffects } from './effects/networks/shared.ts';
import { checkStanding, usesPlugin } from './effects/networks/standing.ts';
import { flushConntrack } from './effects/ports/conntrack.ts';
import { forgettingConnections } from './effects/ports/forget.ts';
import { portClaims, type PortClaims } from './effects/ports/ports.ts';
import { wideRanges } from './effects/ports/wide.ts';
import { settleOrphans } from './effects/process/orphans.ts';
import { run } from './effects/process/run.ts';
import { hostTool } from './effects/process/tool.ts';
import { linkStats } from './effects/stats.ts';
import { timerEffects } from './effects/timer.ts';
import { collectGarbage } from './gc.ts';
import { keptProcesses, type KeptProcesses } from './kept-processes.ts';
import { openLog } from './log.ts';
import type { Netns } from './model/container.ts';
import { MooringError, type Failure } from './model/failure.ts';
import type { Collected } from './model/garbage.ts';
import { withHandlers } from './model/port-handler.ts';
import type { InterfaceStats } from './model/stats.ts';
import { ensureDefaultNetwork, networksOf, openNetworkFiles, tellNetwork } from './networks.ts';
import {
  connectingNetworks,
  filePaths,
  outsideOfContainers,
  outsidePorts,
  supervisorOf
} from './outside.ts';
import {
  bootOf,
  namesDir,
  NETNS_DIR,
  netnsName,
  settingsOf,
  type ComposeOptions,
  type Settings
} from './settings.ts';
import { embeddedStore } from './store/embedded/embedded.ts';
import type { Store } from './store/store.ts';
import { outsideOf } from './supervisor/outside.ts';
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
  readonly close: () => Promise<void>;
}

/** @throws MooringError as `openMooring` */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const settings = settingsOf(options);
  const { lockTimeoutMs } = settings;
  const store = await openStore(settings);
  const log = openLog(options);
  const bus = createBus((error) => {
    log.error({ err: error }, 'a subscriber of the bus threw');
  });
  const plugins = pluginsOf(settings);
  const tool = hostTool(settings);
  const files = openNetworkFiles(settings, store, plugins, tool);
  const thread = startNetnsThread();
  const shutdown = new AbortController();
  const runner = runnerOf(settings, log);
  const names = namesOf(settings);
  const ownFiles = containerFiles({
    dir: join(settings.root, 'files'),
    ...filePaths(settings),
    names
  });
  const outside = outsideOf(supervisorOf(settings));
  const leaves = leafEffects(settings, { store, plugins, thread, runner, log });
  const ports = outsidePorts(
    () => registry,
    (wanted, taken) => outside.choosePorts(wanted, taken)
  );
  const claims = portClaims({ ...settings, store, run: tool, outside: ports });
  const own = { ...ownResources(settings, claims, plugins), removeFiles: ownFiles.remove };
  const effects: Effects = {
    ...leaves,
    ...(isRootless(settings) && connectingNetworks(() => registry, leaves)),
    ...ownFiles.effects,
    ...holdEffects(() => registry, own),
    ...outsideOfContainers(() => registry, thread, outside),
    ...elsewhere(OUTSIDE_REQUESTS)
  };
  const inside = createRegistry({
    store,
    bus,
    effects: options.wrapEffects?.(effects) ?? effects,
    pluginLane: lane(settings.concurrency),
    settleOrphans: (operation, { mode, signal }) =>
      settleOrphans(operation, { mode, timeoutMs: settings.pluginTimeoutMs, signal }),
    lockTimeoutMs,
    shutdown: shutdown.signal,
    now: Date.now,
    log
  });
  const registry: Registry = routed(inside, outside);
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
      ...{ store, effects, runner, lockTimeoutMs },
      observe: (path, context) => observeNetns(tool, path, context)
    }),
    kept: keptProcesses({ store, claims, names, lockTimeoutMs }),
    collectGarbage: (options) =>
      collectGarbage(
        {
          store,
          registry,
          effects,
          run: tool,
          cache: resultCache(join(settings.root, 'cni')),
          root: settings.root,
          netnsDir: NETNS_DIR,
          netnsName: netnsName(settings),
          releasePorts: own.releasePorts,
          removeFiles: own.removeFiles
        },
        options
      ),
    ensureDefaultNetwork: () => ensureDefaultNetwork(files, tell),
    linkStats: (netns) => linkStats(thread, netns),
    close: async () => {
      shutdown.abort();
      await thread.close();
      await outside.close();
      await store.close();
    }
  };
}

/** @throws MooringError `store.unknown`, and as the store */
export function openStore(settings: Settings): Promise<Store> {
  const { root, store } = settings;
  if (store === 'embedded') return embeddedStore({ root, boot: bootOf(settings) });
  throw new MooringError(
    'store.unknown',
    `store ${JSON.stringify(store)} is not known, only "embedded" is`
  );
}

function pluginsOf({ root, pluginDirs, pluginTimeoutMs, graceMs }: Settings): CniPlugins {
  return cniPlugins({
    run,
    pluginDirs,
    versionCachePath: join(root, 'plugin-versions.json'),
    limits: { timeoutMs: pluginTimeoutMs, graceMs }
  });
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
    handledPorts: (ports, uplink) => {
      if (uplink !== undefined) return withHandlers(ports, { kind: 'uplink', uplink });
      return withHandlers(ports, { kind: isRootless(settings) ? 'rootless' : 'host' });
    },
    isRootless: isRootless(settings),
    checkStanding: (networks) => checkStanding(confDir, networks),
    netnsAt
  };
}

function isRootless({ place }: Settings): boolean {
  return place.kind === 'inside';
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

interface Leaves {
  readonly store: Store;
  readonly plugins: CniPlugins;
  readonly thread: NetnsThread;
  readonly runner: CniRunner;
  readonly log: Logger;
}

function runnerOf(settings: Settings, log: Logger): CniRunner {
  const { root, pluginDirs, pluginTimeoutMs, graceMs } = settings;
  return cniRunner({
    run,
    pluginDirs,
    cacheDir: join(root, 'cni'),
    timeouts: {
      addMs: pluginTimeoutMs,
      delMs: pluginTimeoutMs,
      checkMs: pluginTimeoutMs,
      graceMs
    },
    ranges: wideRanges(hostTool(settings)),
    ...(settings.machine && { machineHost }),
    onLog: (line) => {
      log.info(line);
    }
  });
}

/** The effects that reach the host; the others only speak to other actors. */
function leafEffects(settings: Settings, { store, plugins, thread, runner, log }: Leaves) {
  const { root } = settings;
  const pluginLock = fileLock(join(root, 'plugins.lock'));
  const tool = hostTool(settings);
  const cni = cniEffects({ runner, verifyNetns, hasPlugin: plugins.has });
  const attachments = attachmentEffects({
    run: tool,
    verifyNetns,
    observe: thread.observe,
    exclusive: pluginLock.exclusive
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
    ...forgettingConnections({ ...underLock(pluginLock, cni), ...attachments }, connections),
    ...sweepEffects(tool),
    ...sharedEffects({
      store,
      run: tool,
      usesDnsname: async (network) =>
        plugins.has('dnsname') && usesPlugin(settings.confDir, network, 'dnsname'),
      pluginLock
    }),
    ...timerEffects(Date.now)
  };
}

type CniEffects = Pick<Effects, 'cni.add' | 'cni.del'>;

/** Chains that plugins share are taken away only while none of them runs. */
function underLock(lock: SharedLock, effects: CniEffects): CniEffects {
  return {
    'cni.add': (request, context) =>
      lock.shared(() => effects['cni.add'](request, context), context.signal),
    'cni.del': (request, context) =>
      lock.shared(() => effects['cni.del'](request, context), context.signal)
  };
}
