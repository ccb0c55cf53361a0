import type { CniResult } from '../../model/cni-result.ts';
import type { Conflist } from '../../model/conflist.ts';
import { isJsonObject } from '../../model/json.ts';

/** A container on a network whose names a server of ours knows. */
export interface Served {
  readonly network: string;
  /** Where the server listens: the gateways of the network. */
  readonly servers: readonly string[];
  /** Without prefix. */
  readonly addresses: readonly string[];
}

/** The domain in which containers are found, as podman has it. */
export const DOMAIN = 'dns.podman';

/**
 * Whether a network asks for a name server: `"args": { "mooring": { "dns": true } }` in its
 * conflist, and no plugin dnsname, which would bring its own.
 */
export function wantsNameServer({ name, raw, plugins }: Conflist): boolean {
  const args = raw['args'];
  const own = isJsonObject(args) ? args['mooring'] : undefined;
  const asks = isJsonObject(own) && own['dns'] === true;
  // The server keeps its process id under this name, beside the files of networks.
  return asks && name !== 'aardvark.pid' && plugins.every(({ type }) => type !== 'dnsname');
}

/** @returns `undefined` when no address of the network is the host's, so that none can serve it */
export function servedOn(network: string, { ips = [] }: CniResult): Served | undefined {
  const servers = [...new Set(ips.flatMap(({ gateway }) => (gateway ? [gateway] : [])))];
  if (servers.length === 0) return undefined;
  return { network, servers, addresses: ips.map(({ address }) => address.split('/')[0]!) };
}

/** The result as a plugin would have given it that had set up the server itself. */
export function withNameServer(result: CniResult, { servers }: Served): CniResult {
  return { ...result, dns: { nameservers: servers, domain: DOMAIN, search: [DOMAIN] } };
}
