import { constants, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import { parseNetworkName } from '../../model/names.ts';

/** Where host-local keeps its leases unless a conflist says otherwise. */
export const LEASE_DIR = '/var/lib/cni/networks';

/** An address that the plugin host-local has given to an interface of a container. */
export interface IpamLease {
  /** Absolute. */
  readonly path: string;
  readonly network: string;
  /** v4 or v6. */
  readonly address: string;
  readonly container: string;
  /** `''` in files of the plugin before 0.7. */
  readonly ifName: string;
}

/**
 * The leases of every network below a directory; what is no lease is passed over.
 *
 * @see plugins/ipam/host-local/backend/disk/backend.go of the CNI plugins: a file is named by its
 *   address and holds the container's id and the interface's name, a line each
 */
export function leasesIn(dir: string): readonly IpamLease[] {
  return namesIn(dir).flatMap((network) => {
    if (!isNetworkName(network)) return [];
    const below = join(dir, network);
    return namesIn(below)
      .filter((name) => isIP(name) !== 0)
      .flatMap((address) => leaseAt(join(below, address), network, address) ?? []);
  });
}

/**
 * Removes a lease if it still is that one.
 *
 * @returns whether it was there
 */
export function removeLease(lease: IpamLease): boolean {
  const { path, network, address, container, ifName } = lease;
  const now = leaseAt(path, network, address);
  if (now?.container !== container || now.ifName !== ifName) return false;
  unlinkSync(path);
  return true;
}

/** What is leased at a path; `undefined` when nothing is. */
export function leaseAt(path: string, network: string, address: string): IpamLease | undefined {
  try {
    const flag = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const text = readFileSync(path, { encoding: 'utf8', flag: flag as unknown as string });
    const [container = '', ifName = ''] = text.split(/\r?\n/).map((line) => line.trim());
    return container === '' ? undefined : { path, network, address, container, ifName };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

// Given back meanwhile, or no lease at all.
function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'EISDIR';
}

function isNetworkName(name: string): boolean {
  try {
    parseNetworkName(name);
    return true;
  } catch (error) {
    if (error instanceof MooringError) return false;
    throw error;
  }
}
