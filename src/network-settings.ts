import { createHash } from 'node:crypto';
import { networkId } from './effects/networks/lookup.ts';
import { MooringError } from './model/failure.ts';
import { networkSettings as settingsBy, type NetworkSettings } from './model/network-settings.ts';
import type { ContainerView } from './model/view.ts';

/** `NetworkSettings` of Docker's and podman's inspect, as far as this view goes. */
export function networkSettings(view: ContainerView): NetworkSettings {
  return settingsBy(view, { network: networkId, endpoint: endpointId });
}

/**
 * The same of the container that has the netns: what shares it is told what its owner has.
 *
 * @throws MooringError as `inspect`
 */
export async function networkSettingsOf(id: string, inspect: Inspect): Promise<NetworkSettings> {
  const view = await inspect(id);
  const { namespace } = view.spec;
  if (namespace?.kind !== 'container') return networkSettings(view);
  const owner = await ownerOf(namespace.container, inspect);
  // It may have gone, and its netns stayed for this one alone.
  return networkSettings(owner ?? view);
}

type Inspect = (id: string) => Promise<ContainerView>;

async function ownerOf(id: string, inspect: Inspect): Promise<ContainerView | undefined> {
  try {
    return await inspect(id);
  } catch (error) {
    if (error instanceof MooringError && error.code === 'container.notFound') return undefined;
    throw error;
  }
}

function endpointId(container: string, network: string): string {
  const text = JSON.stringify(['endpoint', container, network]);
  return createHash('sha256').update(text).digest('hex');
}
