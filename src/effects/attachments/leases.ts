import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Attachment } from '../../model/container.ts';
import type { Drift } from '../../model/drift.ts';
import { isJsonObject } from '../../model/json.ts';
import { makeDirectories } from '../../syscalls/make-directories.ts';
import { leaseAt, LEASE_DIR } from '../gc/leases.ts';
import { ownIps } from './inside.ts';

/** An address that `host-local` gave to an attachment, and who has it by now. */
interface Given {
  /** Absolute path of its lease. */
  readonly path: string;
  readonly address: string;
  /** Container; `undefined` when the lease is gone. */
  readonly holder: string | undefined;
}

/** Leases that are gone, so that the next container may get the address, or are another's already. */
export function leaseDrifts(attachment: Attachment, container: string): readonly Drift[] {
  return givenTo(attachment)
    .filter(({ holder }) => holder !== container)
    .map(({ address, holder }): Drift => {
      const of = `of ${attachment.ifName}`;
      const text =
        holder === undefined
          ? `the lease of address ${address} ${of} is gone`
          : `address ${address} ${of} is leased to ${holder}`;
      return { network: attachment.network, kind: 'lease', object: address, text };
    });
}

/**
 * Leases the addresses again whose leases are gone.
 *
 * @returns one that is another's by now
 */
export function restoreLeases(
  attachments: readonly Attachment[],
  container: string
): Taken | undefined {
  for (const attachment of attachments) {
    for (const { path, holder } of givenTo(attachment)) {
      if (holder === undefined) lease(path, container, attachment.ifName);
    }
  }
  return attachments
    .flatMap(givenTo)
    .flatMap(({ address, holder }) =>
      holder === undefined || holder === container ? [] : [{ address, holder }]
    )[0];
}

export interface Taken {
  readonly address: string;
  readonly holder: string;
}

function givenTo(attachment: Attachment): readonly Given[] {
  const { conflist } = attachment;
  const ipam = conflist.plugins.map((plugin) => plugin['ipam']).find(isLeasing);
  if (ipam === undefined) return [];
  const { dataDir } = ipam as { readonly dataDir?: unknown };
  const base = typeof dataDir === 'string' && dataDir !== '' ? dataDir : LEASE_DIR;
  return ownIps(attachment).map((ip) => {
    const address = ip.address.split('/')[0]!;
    const path = join(base, conflist.name, address);
    return { path, address, holder: leaseAt(path, conflist.name, address)?.container };
  });
}

function isLeasing(ipam: unknown): boolean {
  return isJsonObject(ipam) && ipam['type'] === 'host-local';
}

// The plugin makes the file in the same way, and who is first has the address.
function lease(path: string, container: string, ifName: string): void {
  try {
    makeDirectories(dirname(path), 0o755);
    writeFileSync(path, `${container}\r\n${ifName}`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
