import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import { holdEffects, type OwnResources } from './actors/holds.ts';
import { lane } from './actors/lanes.ts';
import { MACHINES } from './actors/machines.ts';
import { createRegistry, type Registry } from './actors/registry.ts';
import { routed } from './actors/routed.ts';
import type { SettleOrphans } from './actors/runtime.ts';
import type { Networks } from './api.ts';
import { createBus, type Bus } from './bus/bus.ts';
import { sharingOf, type Sharing } from './cluster/sharing.ts';
import { OUTSIDE_REQUESTS } from './bus/outside-requests.ts';
import { resultCache } from './effects/cni/cache.ts';
import type { CniPlugins } from './effects/cni/plugins.ts';
import { networkResolver } from './effects/cni/resolve.ts';
import type { Effects } from './effects/effects.ts';
import { elsewhere } from './effects/elsewhere.ts';
import { observeNetns } from './effects/observe.ts';
import { examinerOf, type Examiner, type ExamineParts } from './examine.ts';
import { containerFiles } from './effects/files/files.ts';
import { findAardvark, nameServer, type NameServer } from './effects/names/aardvark.ts';
import { netnsAt } from './effects/netns.ts';
import type { NetworkFiles } from './effects/networks/network-files.ts';
import { fileLock } from './effects/networks/plugin-lock.ts';
import { checkStanding } from './effects/networks/standing.ts';
import { portClaims, type PortClaims } from './effects/ports/ports.ts';
import { settleOrphans } from './effects/process/orphans.ts';
import { run } from './effects/process/run.ts';
import { seeHost, type Sought } from './effects/see.ts';
import { linkStats } from './effects/stats.ts';
import { collectGarbage } from './gc.ts';
import { keptProcesses, type KeptProcesses } from './kept-processes.ts';
import { leafEffects } from './leaf-effects.ts';
import { openLog } from './log.ts';
import { openStore } from './open-store.ts';
import type { Netns } from './model/container.ts';
import type { Collected } from './model/garbage.ts';
import { withHandlers } from './model/port-handler.ts';
import type { SeenHost } from './model/seen.ts';
import type { InterfaceStats } from './model/stats.ts';
import {
  ensureDefaultNetwork,
  networksOf,
  openNetworkFiles,
  tellNetwork,
  usersOf
} from './networks.ts';
import {
  filePaths,
  isRootless,
  outsideOfContainers,
  outsidePorts,
  supervisorOf,
  surroundingsOf
} from './outside.ts';
import {
  namesDir,
  NETNS_DIR,
  netnsName,
  settingsOf,
  type ComposeOptions,
  type Settings
} from './settings.ts';
import { programsOf, type Programs } from './programs.ts';
import type { Store } from './store/store.ts';
import { sharersOf } from './sharers.ts';
import { outsideOf } from './supervisor/outside.ts';
import { startNetnsThread } from './syscalls/netns-thread.ts';

/** Everything the verbs work with, wired up for one process. */
export interface Parts {
  readonly settings: Settings;
  readonly store: Store;
  readonly bus: Bus;
  readonly log: Logger;
  readonly registry: Registry;
  /** Absent where one host has the store for itself. */
  readonly sharing: Sharing | undefined;
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
  const log = openLog(options);
  const store = await openStore(settings, log);
  const bus = busOf(log);
  const programs = programsOf(settings, log);
  const { plugins, tool, spans } = programs;
  const sharing = sharingIn(settings, store, log);
  const files = openNetworkFiles(settings, { store, plugins, tool, sharing });
  const [thread, shutdown] = [startNetnsThread(), new AbortController()];
  const names = namesOf(settings);
  const outside = outsideOf(supervisorOf(settings));
  const late = () => registry;
  const ownFiles = filesOf(settings, store, names);
  const ports = outsidePorts(late, outside);
  const claims = portClaims({ ...settings, store, run: tool, outside: ports });
  const own = { ...ownResources(settings, claims, plugins, sharing), removeFiles: ownFiles.remove };
  const effects: Effects = {
    ...leafEffects(settings, { ...programs, store, thread, log }, late),
    ...ownFiles.effects,
    ...holdEffects(late, own),
    ...outsideOfContainers(late, thread, outside),
    ...elsewhere(OUTSIDE_REQUESTS)
  };
  const inside = createRegistry({
    ...loopOf(settings, shutdown.signal),
    ...{ store, bus, log, spans },
    effects: options.wrapEffects?.(effects) ?? effects
  });
  const registry: Registry = routed(inside, outside);
  const swept = { store, registry, effects, run: tool };
  const tell = tellNetwork(() => registry);
  return {
    settings,
    store,
    bus,
    log,
    registry,
    sharing,
    networks: networksOf(files, settings, { store, sharing, tell }),
    prunable: (filters) => files.prunable(filters),
    examiner: examinerOn({ ...settings, ...programs, store, effects }),
    kept: keptProcesses({ ...settings, store, claims, names }),
    collectGarbage: (options) =>
      collectGarbage({ ...gcPaths(settings), ...swept, ...releasing(own) }, options),
    ensureDefaultNetwork: () => ensureDefaultNetwork(files, tell, sharing),
    linkStats: (netns) => linkStats(thread, netns),
    see: (containers) => seeHost(thread, containers, settings.root),
    close: () => closeAll(shutdown, [thread, outside, store])
  };
}

function busOf(log: Logger): Bus {
  return createBus((error) => {
    log.error({ err: error }, 'a subscriber of the bus threw');
  });
}

function sharingIn({ root, confDir }: Settings, store: Store, log: Logger): Sharing | undefined {
  return sharingOf({
    ...{ root, confDir, store, log },
    usersOf: (network) => usersOf(store, network)
  });
}

function filesOf(settings: Settings, store: Store, names: NameServer) {
  return containerFiles({
    ...{ dir: join(settings.root, 'files'), ...filePaths(settings), names },
    sharersOf: (container) => sharersOf(store, container)
  });
}

function examinerOn(parts: Pick<Programs, 'runner' | 'tool'> & Omit<ExamineParts, 'observe'>) {
  return examinerOf({
    ...parts,
    observe: (path, context) => observeNetns(parts.tool, path, context)
  });
}

/** What the loop of every process of this host works under. */
export function loopOf(
  { lockTimeoutMs, concurrency, pluginTimeoutMs }: Settings,
  shutdown: AbortSignal
) {
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
  parts: readonly { close(): Promise<void> }[]
): Promise<void> {
  shutdown.abort();
  for (const part of parts) await part.close();
}

/** What a container takes for itself before its networks are added. */
function ownResources(
  settings: Settings,
  claims: PortClaims,
  plugins: CniPlugins,
  sharing: Sharing | undefined
): Omit<OwnResources, 'removeFiles'> {
  const { confDir } = settings;
  const resolve = networkResolver({ confDir, plugins });
  return {
    async resolve(wanted, context) {
      await sharing?.definitions.sync();
      return resolve(wanted, context);
    },
    ...(sharing && { addresses: sharing.addresses }),
    claimPorts: claims.claim,
    releasePorts: claims.release,
    handledPorts: (ports, uplink) => withHandlers(ports, surroundingsOf(settings, uplink)),
    isRootless: isRootless(settings),
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
