import { containerContext } from '../actors/views.ts';
import type { ContainerSpec } from '../model/container.ts';
import { MooringError } from '../model/failure.ts';
import { DEFAULT_NETWORK } from '../model/network.ts';
import type { ContainerView } from '../model/view.ts';
import type { Cluster } from '../store/cluster.ts';
import type { StaticAddresses } from './addresses.ts';

export interface TakeOverParts {
  readonly cluster: Cluster;
  readonly addresses: StaticAddresses;
  readonly ensureDefaultNetwork: () => Promise<unknown>;
  readonly bring: (spec: ContainerSpec) => Promise<ContainerView>;
  /** Leaves nothing of one that could not be brought up. */
  readonly clear: (id: string) => Promise<void>;
}

/**
 * Brings a container of a dead host up here. The mark that it is taken comes first: whoever works
 * for that host from then on gets a lease for taking it down and no other.
 */
export async function takeOver(
  { cluster, addresses, ensureDefaultNetwork, bring, clear }: TakeOverParts,
  host: string,
  container: string
): Promise<ContainerView> {
  const actor = await cluster.takeOver(host, container);
  try {
    const { spec } = containerContext(actor);
    if (spec === null) throw new MooringError('container.notFound', `${container} was never up`);
    checkMovable(spec);
    if (spec.networks.some(({ network }) => network === DEFAULT_NETWORK)) {
      await ensureDefaultNetwork();
    }
    await addresses.reserve(container, spec.networks, { host, container });
    return await bring(spec);
  } catch (error) {
    await clear(container);
    await addresses.release(container);
    await cluster.giveBack(host, container);
    throw error;
  }
}

/** A netns that another process or container owns stays where that is. */
function checkMovable({ id, namespace }: ContainerSpec): void {
  if (namespace === undefined || namespace.kind === 'host') return;
  throw new MooringError(
    'container.notMovable',
    `container ${id} lives in the netns of a ${namespace.kind} of its host`
  );
}
