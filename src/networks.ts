import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { containerView, holdersOf } from './actors/views.ts';
import type { Registry } from './actors/registry.ts';
import type { Networks } from './api.ts';
import { sharesOf, type Sharing } from './cluster/sharing.ts';
import { loadConflists } from './effects/cni/conflists.ts';
import type { CniPlugins } from './effects/cni/plugins.ts';
import type { RunTool } from './effects/firewall/iptables.ts';
import { findAardvark } from './effects/names/aardvark.ts';
import { bridgePorts } from './effects/networks/bridges.ts';
import { readAddresses } from './effects/networks/host-addresses.ts';
import { readHostNetworks } from './effects/networks/host-subnets.ts';
import { removeLeaseDir } from './effects/networks/lease-dir.ts';
import { networkFiles, POOLS, type NetworkFiles } from './effects/networks/network-files.ts';
import { fileLock } from './effects/networks/plugin-lock.ts';
import { hasTool } from './effects/process/tool.ts';
import { MooringError } from './model/failure.ts';
import type { NetworkView } from './model/network-view.ts';
import type { Settings } from './settings.ts';
import type { Key, Store } from './store/store.ts';

export interface FilesParts {
  readonly store: Store;
  readonly plugins: Pick<CniPlugins, 'highestCommonVersion' | 'has'>;
  readonly tool: RunTool;
  /** `undefined` where one host has the store for itself. */
  readonly sharing: Sharing | undefined;
}

/** The conflist directory as this process uses it. */
export function openNetworkFiles(
  { root, confDir, machine }: Settings,
  { store, plugins, tool, sharing }: FilesParts
): NetworkFiles {
  return networkFiles({
    ...sharesOf(sharing),
    confDir,
    machine,
    lock: fileLock(join(root, 'networks.lock')),
    load: loadConflists,
    highestCommonVersion: (types) =>
      plugins.highestCommonVersion(types, {
        operation: nanoid(),
        signal: new AbortController().signal
      }),
    readHost: async () => {
      const [host, addresses] = await Promise.all([
        readHostNetworks(),
        readAddresses(tool, { operation: nanoid(), signal: new AbortController().signal })
      ]);
      return { ...host, ...(addresses && { addresses }) };
    },
    containersOf: (network) => usersOf(store, network),
    namesBy: () => {
      if (plugins.has('dnsname') && hasTool('dnsmasq')) return 'dnsname';
      return findAardvark() === undefined ? 'nothing' : 'server';
    },
    portsOf: (bridge) =>
      bridgePorts(tool, bridge, { operation: nanoid(), signal: new AbortController().signal }),
    removeLeaseDir: (network) => removeLeaseDir(network),
    now: Date.now,
    randomBytes,
    pools: POOLS
  });
}

/** Ids of the containers that hold a network, or shall have it when they are started. */
export async function usersOf(store: Store, network: string): Promise<readonly string[]> {
  const [actor, listed] = await Promise.all([
    store.load(networkKey(network)),
    store.list('container')
  ]);
  const defined = listed
    .flatMap((entry) => ('actor' in entry ? [containerView(entry.actor, store.boot)] : []))
    .filter(({ state, spec }) => {
      return state !== 'absent' && spec.networks.some((member) => member.network === network);
    })
    .map(({ id }) => id);
  return [...new Set([...(actor ? holdersOf(actor) : []), ...defined])].toSorted();
}

/** Tells a network's journal that it was defined, or is so no longer. */
export type TellNetwork = (
  type: 'network.created' | 'network.removed',
  network: Pick<NetworkView, 'name' | 'driver'>
) => Promise<void>;

export function tellNetwork(registry: () => Registry): TellNetwork {
  return async (type, { name, driver }) => {
    await registry().ask(networkKey(name), { type, network: name, driver });
  };
}

/** The networks of the library: files, removed only under the network's lease. */
export function networksOf(
  files: NetworkFiles,
  { lockTimeoutMs }: Settings,
  { store, sharing, tell }: Pick<FilesParts, 'store' | 'sharing'> & { readonly tell: TellNetwork }
): Omit<Networks, 'prune'> {
  const sync = async () => sharing?.definitions.sync();
  return {
    async create(input) {
      await sharing?.syncToBegin();
      let isNew = false;
      const view = await files.create(input, () => {
        isNew = true;
      });
      if (isNew) await tell('network.created', view);
      return view;
    },
    async list(filters) {
      await sync();
      return files.list(filters);
    },
    async inspect(name) {
      await sync();
      return files.inspect(name);
    },
    async exists(name) {
      await sync();
      return files.exists(name);
    },
    async remove(wanted) {
      await sharing?.syncToBegin();
      const view = await files.inspect(wanted);
      const { name } = view;
      // Holding it takes the same lease, so no container can come between the look and the removal.
      const lease = await store.acquire(networkKey(name), { timeoutMs: lockTimeoutMs });
      try {
        await checkElsewhere(sharing, name);
        await files.remove(name);
        await sharing?.definitions.unshare(name);
      } finally {
        await store.release(lease);
      }
      await tell('network.removed', view);
      return name;
    }
  };
}

async function checkElsewhere(sharing: Sharing | undefined, name: string): Promise<void> {
  const users = (await sharing?.usersElsewhere(name)) ?? [];
  if (users.length === 0) return;
  throw new MooringError(
    'network.inUse',
    `"${name}" has associated containers on other hosts: ${users.join(', ')}`
  );
}

function networkKey(id: string): Key {
  return { kind: 'network', id };
}

/** @returns the name of the default network, which is made when it is missing */
export async function ensureDefaultNetwork(
  files: Pick<NetworkFiles, 'ensureDefaultNetwork'>,
  tell: TellNetwork,
  sharing: Sharing | undefined
): Promise<string> {
  await sharing?.syncToBegin();
  let isNew = false;
  const network = await files.ensureDefaultNetwork(() => (isNew = true));
  if (isNew) await tell('network.created', network);
  return network.name;
}
