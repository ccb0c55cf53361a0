import { createHash } from 'node:crypto';
import { networkId } from './effects/networks/lookup.ts';
import { networkSettings as settingsBy, type NetworkSettings } from './model/network-settings.ts';
import type { ContainerView } from './model/view.ts';

/** `NetworkSettings` of Docker's and podman's inspect, as far as this view goes. */
export function networkSettings(view: ContainerView): NetworkSettings {
  return settingsBy(view, { network: networkId, endpoint: endpointId });
}

function endpointId(container: string, network: string): string {
  const text = JSON.stringify(['endpoint', container, network]);
  return createHash('sha256').update(text).digest('hex');
}
