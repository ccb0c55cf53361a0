import type { Store } from '../../store/store.ts';

/** What one network in use leaves for the others to know. */
export interface Usage {
  /** Shared chains that stood before the first network was used; the same in every entry. */
  readonly chains: readonly string[];
  /** Bridges of this network that were not there before. */
  readonly bridges: readonly string[];
  /** Of the host when this was noted: it says nothing of what stands there after another. */
  readonly boot: string;
  /** Those of them on which no port was open for names. */
  readonly opened?: readonly string[];
  /** Plugins that have made what all their containers on this network share. */
  readonly settled?: readonly string[];
}

export const USAGE = 'usage';

export type UsageStore = Pick<Store, 'allocations' | 'allocate' | 'boot'>;

/** What an allocation of the kind `usage` says; only this folder writes them. */
export function usageOf({ entry }: { readonly entry: unknown }): Usage {
  return entry as Usage;
}

export function usageOwner(network: string): string {
  return `network/${network}`;
}

/** Of the other networks that are in use on this host. */
export async function othersInUse(store: UsageStore, network: string): Promise<readonly Usage[]> {
  const { entries } = await store.allocations(USAGE);
  return entries
    .filter(({ owner }) => owner !== usageOwner(network))
    .map(usageOf)
    .filter(({ boot }) => boot === store.boot);
}

/** Those of the plugins that have not settled on the network; of one that nobody uses, none. */
export async function unsettledPlugins(
  store: UsageStore,
  network: string,
  plugins: readonly string[]
): Promise<readonly string[]> {
  const { entries } = await store.allocations(USAGE);
  const entry = entries.find(({ owner }) => owner === usageOwner(network));
  if (entry === undefined) return [];
  const { settled = [] } = usageOf(entry);
  return plugins.filter((plugin) => !settled.includes(plugin));
}

export async function noteSettled(
  store: UsageStore,
  network: string,
  plugins: readonly string[]
): Promise<void> {
  const owner = usageOwner(network);
  for (;;) {
    const { version, entries } = await store.allocations(USAGE);
    const entry = entries.find((one) => one.owner === owner);
    if (entry === undefined) return;
    const usage = usageOf(entry);
    const settled = [...new Set([...(usage.settled ?? []), ...plugins])];
    if (await store.allocate(USAGE, version, owner, [{ ...usage, settled }])) return;
  }
}
