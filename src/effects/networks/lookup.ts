import { createHash } from 'node:crypto';
import type { Conflist } from '../../model/conflist.ts';
import { MooringError, type Failure } from '../../model/failure.ts';
import { describeNetwork } from '../../model/network-describe.ts';
import type { NetworkView } from '../../model/network-view.ts';

/** Reads the networks of a directory; a file that can't be used hides no other. */
export type LoadNetworks = (dir: string) => Promise<LoadedNetworks>;

export interface LoadedNetworks {
  readonly networks: readonly LoadedNetwork[];
  readonly problems: readonly Failure[];
}

interface LoadedNetwork {
  readonly conflist: Conflist;
  /** Absolute path. */
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly mtimeMs: number;
}

/** sha256 of the name, hex. */
export function networkId(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

export function viewOf({ conflist, file, mtimeMs }: LoadedNetwork): NetworkView {
  const created = new Date(mtimeMs).toISOString();
  return describeNetwork({ conflist, file, id: networkId(conflist.name), created });
}

/**
 * The network of that name, else the one of that id or beginning of an id.
 *
 * @throws MooringError `network.notFound`, `network.ambiguous`
 */
export function findNetwork(networks: readonly NetworkView[], wanted: string): NetworkView {
  const named = networks.find(({ name }) => name === wanted);
  if (named !== undefined) return named;
  const matches = networks.filter(({ id }) => wanted !== '' && id.startsWith(wanted));
  if (matches.length > 1) {
    throw new MooringError('network.ambiguous', `more than one result for network ID ${wanted}`);
  }
  const [match] = matches;
  if (match !== undefined) return match;
  throw new MooringError('network.notFound', `no such network ${wanted}`);
}
