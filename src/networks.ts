import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { holdersOf } from './actors/views.ts';
import type { Networks } from './api.ts';
import { loadConflists } from './effects/cni/conflists.ts';
import type { CniPlugins } from './effects/cni/plugins.ts';
import { readHostNetworks } from './effects/networks/host-subnets.ts';
import { networkFiles, POOLS, type NetworkFiles } from './effects/networks/network-files.ts';
import { fileLock } from './effects/networks/plugin-lock.ts';
import type { Settings } from './settings.ts';
import type { Key, Store } from './store/store.ts';

/** The conflist directory as this process uses it. */
export function openNetworkFiles(
  { root, confDir }: Settings,
  store: Store,
  plugins: Pick<CniPlugins, 'highestCommonVersion'>
): NetworkFiles {
  return networkFiles({
    confDir,
    lock: fileLock(join(root, 'networks.lock')),
    load: loadConflists,
    highestCommonVersion: (types) =>
      plugins.highestCommonVersion(types, {
        operation: nanoid(),
        signal: new AbortController().signal
      }),
    readHost: readHostNetworks,
    containersOf: async (network) => {
      const actor = await store.load(networkKey(network));
      return actor ? holdersOf(actor) : [];
    },
    randomBytes,
    pools: POOLS
  });
}

/** The networks of the library: files, removed only under the network's lease. */
export function networksOf(
  files: NetworkFiles,
  store: Store,
  { lockTimeoutMs }: Settings
): Networks {
  return {
    create: (input) => files.create(input),
    list: (filters) => files.list(filters),
    inspect: (name) => files.inspect(name),
    exists: (name) => files.exists(name),
    async remove(wanted) {
      const { name } = await files.inspect(wanted);
      // Holding it takes the same lease, so no container can come between the look and the removal.
      const lease = await store.acquire(networkKey(name), { timeoutMs: lockTimeoutMs });
      try {
        return await files.remove(name);
      } finally {
        await store.release(lease);
      }
    }
  };
}

function networkKey(id: string): Key {
  return { kind: 'network', id };
}
