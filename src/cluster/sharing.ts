import { join } from 'node:path';
import type { Logger } from 'pino';
import { containerView } from '../actors/views.ts';
import type { NetworkFilesDeps } from '../effects/networks/network-files.ts';
import { fileLock } from '../effects/networks/plugin-lock.ts';
import { MooringError } from '../model/failure.ts';
import type { Cluster } from '../store/cluster.ts';
import type { Store } from '../store/store.ts';
import { staticAddresses, type StaticAddresses } from './addresses.ts';
import { definitionsOf, type Definitions } from './definitions.ts';

/** What a host that shares its store has besides. */
export interface Sharing {
  readonly cluster: Cluster;
  /** Its `sync` is content with what is here while the store is away. */
  readonly definitions: Definitions;
  /**
   * The same before something is begun, which is refused then: waiting once is enough.
   *
   * @throws MooringError `store.…` while the store is away
   */
  syncToBegin(): Promise<void>;
  readonly addresses: StaticAddresses;
  /** Containers of other hosts that use a network: `web on b`. */
  usersElsewhere(network: string): Promise<readonly string[]>;
}

export interface SharingParts {
  readonly root: string;
  readonly confDir: string;
  readonly store: Store;
  readonly usersOf: (network: string) => Promise<readonly string[]>;
  readonly log: Logger;
}

/** @returns `undefined` where one host has the store for itself */
export function sharingOf({ root, confDir, store, usersOf, log }: SharingParts) {
  const { cluster } = store;
  if (cluster === undefined) return undefined;
  const definitions = definitionsOf({
    ...{ root, confDir, usersOf },
    shared: cluster.networks,
    lock: fileLock(join(root, 'networks.lock')),
    onTrouble: (failure) => {
      log.warn({ failure }, failure.message);
    }
  });
  const sharing: Sharing = {
    cluster,
    definitions: { ...definitions, sync: () => unlessAway(() => definitions.sync(), log) },
    syncToBegin: () => definitions.sync(),
    addresses: staticAddresses(store, cluster.addresses),
    usersElsewhere: (network) => usersElsewhere(cluster, store.host, network)
  };
  return sharing;
}

/** How the conflist directory tells the others of what is made in it. */
export function sharesOf(sharing: Sharing | undefined): Pick<NetworkFilesDeps, 'share'> {
  if (sharing === undefined) return {};
  const { definitions } = sharing;
  return {
    async share(network, write) {
      await definitions.share(network);
      try {
        await write();
      } catch (error) {
        await definitions.unshare(network.name);
        throw error;
      }
    }
  };
}

async function usersElsewhere(
  cluster: Cluster,
  self: string,
  network: string
): Promise<readonly string[]> {
  const users: string[] = [];
  for (const { host } of await cluster.hosts()) {
    if (host === self) continue;
    for (const entry of await cluster.at(host).list('container')) {
      if ('failure' in entry) continue;
      const { id, state, spec } = containerView(entry.actor);
      const uses = spec.networks.some((member) => member.network === network);
      if (uses && state !== 'absent') users.push(`${id} on ${host}`);
    }
  }
  return users;
}

/** What is here is used as it is while the others can't be asked: whether work may begin is for the lease to say. */
async function unlessAway(work: () => Promise<void>, log: Logger): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MooringError) || !error.code.startsWith('store.')) throw error;
    log.info({ failure: error.failure }, 'the networks of other hosts could not be read');
  }
}
