import { newContext, type GcParts, type Item, type Seen } from './gc-parts.ts';
import { usageOf } from './effects/networks/usage.ts';
import type { PinnedFile } from './effects/gc/pinned.ts';
import { errorOf, MooringError } from './model/failure.ts';
import { isSameNetns } from './syscalls/nsfs.ts';
import { unpinNetns } from './syscalls/unpin.ts';
import type { Key } from './store/store.ts';

/** The file of a netns that no actor knows. */
export async function namespaceItems(
  parts: GcParts,
  namespace: string,
  seen: Seen
): Promise<readonly Item[]> {
  const pinned = seen.pinned.find((file) => file.namespace === namespace);
  if (pinned === undefined || !(await isUnknown(parts, { kind: 'namespace', id: namespace }))) {
    return [];
  }
  const { path, found } = pinned;
  const item: Item = {
    kind: 'netns',
    owner: `namespace/${namespace}`,
    object: path,
    remove() {
      unpinNetns(path, found.kind === 'netns' ? found : null);
      return Promise.resolve();
    }
  };
  if (await isOurs(parts, pinned, seen)) return [item];
  const message = `no record shows who made ${path}; if it is nobody's, remove it with ip netns`;
  return [{ ...item, failure: { code: 'gc.unproven', message } }];
}

/** By its journal, which has device and inode, or by a result of our own that was made in it. */
async function isOurs(
  { store }: GcParts,
  { namespace, path, found }: PinnedFile,
  { proofs }: Seen
): Promise<boolean> {
  if (proofs.some(({ container, netns }) => container === namespace && netns === path)) return true;
  if (found.kind !== 'netns') return false;
  try {
    for await (const { event } of store.journal({ kind: 'namespace', id: namespace })) {
      if (event.type === 'netns.created' && isSameNetns(event.netns, found)) return true;
    }
  } catch (error) {
    // A journal that can't be read proves nothing.
    if (!(error instanceof MooringError)) throw error;
  }
  return false;
}

/** What is noted of a network that is not in use: it goes as if its last container had left. */
export async function usageItems(parts: GcParts, network: string): Promise<readonly Item[]> {
  const { store, effects } = parts;
  const owner = `network/${network}`;
  if (!(await isUnknown(parts, { kind: 'network', id: network }))) return [];
  const { entries } = await store.allocations('usage');
  const usage = entries.filter((entry) => entry.owner === owner).map(usageOf);
  if (usage.length === 0) return [];
  // Of an earlier boot nothing stands any more, whatever has the same name.
  const bridges = usage.filter(({ boot }) => boot === store.boot).flatMap((one) => one.bridges);
  const remove = async () => {
    // What stood here before is known until the last thing of it has gone.
    if (parts.cache.list().some((entry) => entry.network === network)) {
      throw new MooringError('gc.inUse', `a result of ${network} is left`);
    }
    const request = { type: 'network.tidy', network, bridges, baseline: { bridges: [] } } as const;
    const fact = await effects['network.tidy'](request, newContext());
    if (fact.type === 'network.tidyFailed') throw errorOf(fact.failure);
  };
  return [{ kind: 'usage', owner, object: `network ${network}`, remove }];
}

async function isUnknown({ store }: GcParts, key: Key): Promise<boolean> {
  try {
    const stored = await store.load(key);
    return stored === undefined || (stored.value === 'absent' && stored.outstanding.length === 0);
  } catch (error) {
    if (error instanceof MooringError) return false;
    throw error;
  }
}
