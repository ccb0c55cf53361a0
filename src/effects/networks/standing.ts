import { loadConflists, networkIn } from '../cni/conflists.ts';

/**
 * Refuses networks that were removed since they were resolved.
 *
 * Only what is held is safe from removal, so this is asked once they are.
 *
 * @param confDir directory of the conflists
 * @throws MooringError `network.notFound`, `conflist.…`
 */
export async function checkStanding(confDir: string, networks: readonly string[]): Promise<void> {
  if (networks.length === 0) return;
  const loaded = await loadConflists(confDir);
  for (const name of networks) networkIn(loaded, confDir, name);
}

/** Whether a plugin of this type stands in the network's list; one that is not there has none. */
export async function usesPlugin(confDir: string, network: string, type: string): Promise<boolean> {
  const { networks } = await loadConflists(confDir);
  const found = networks.find(({ conflist }) => conflist.name === network);
  return found !== undefined && found.conflist.plugins.some((plugin) => plugin.type === type);
}
