import { readFileSync } from 'node:fs';
import { parsePrivateHost, type PrivateHost } from '../model/private-host.ts';

/** Where this process runs, as far as it makes a difference to what it may do. */
export type Place =
  /** As root, on the host itself. */
  | { readonly kind: 'host' }
  /** As root of a user's private host. */
  | { readonly kind: 'inside'; readonly host: PrivateHost }
  /** As a user without root, on the host. */
  | { readonly kind: 'outside'; readonly uid: number };

/** On a tmpfs that only the private host sees: there exactly when it has been built. */
export const RECORD_PATH = '/run/mooring/private-host.json';

export function whereWeAre(): Place {
  const uid = process.geteuid!();
  if (uid !== 0) return { kind: 'outside', uid };
  const host = recorded();
  return host === undefined ? { kind: 'host' } : { kind: 'inside', host };
}

function recorded(): PrivateHost | undefined {
  try {
    return parsePrivateHost(readFileSync(RECORD_PATH, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Carried by what a private host's own processes start, so that none outlives it unseen. */
const HOST_VARIABLE = 'MOORING_PRIVATE_HOST';

/** The entry of the environment by which the processes of a private host are known. */
export function hostMark(host: Pick<PrivateHost, 'id'> | null): Record<string, string> {
  return host === null ? {} : { [HOST_VARIABLE]: host.id };
}

/** `MOORING_PRIVATE_HOST=…` */
export function hostMarkEntry(id: string): string {
  return `${HOST_VARIABLE}=${id}`;
}

let own: Record<string, string> | undefined;

/** The mark of the private host that this process is in; empty outside. */
export function ownHostMark(): Record<string, string> {
  if (own === undefined) {
    const place = whereWeAre();
    own = hostMark(place.kind === 'inside' ? place.host : null);
  }
  return own;
}
