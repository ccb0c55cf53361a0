import { createHash } from 'node:crypto';

/**
 * Chain of the plugins bridge and ptp for one attachment, `CNI-518435fd4c1e768a9978cbb7`.
 *
 * @see pkg/utils/utils.go (`FormatChainName`) of the CNI plugins
 */
export function masqueradeChain(network: string, container: string): string {
  return `CNI-${digestOf(network, container).slice(0, 24)}`;
}

/** Chain of the plugin portmap for one attachment, `CNI-DN-518435fd4c1e768a9978c`. */
export function portmapChain(network: string, container: string): string {
  return `CNI-DN-${digestOf(network, container).slice(0, 21)}`;
}

/** Comment by which the plugins mark what they made for an attachment. */
export function ownerComment(network: string, container: string): string {
  return `name: "${network}" id: "${container}"`;
}

function digestOf(network: string, container: string): string {
  return createHash('sha512')
    .update(network + container)
    .digest('hex');
}
