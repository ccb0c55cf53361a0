import { constants, type Dirent } from 'node:fs';
import { open, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tryFlock } from '../../syscalls/flock.ts';
import { LEASE_DIR } from '../gc/leases.ts';

// What the plugin leaves when every address has been given back.
const BOOKKEEPING = /^(?:lock|last_reserved_ip\.\S+)$/;

/**
 * Removes what the plugin host-local keeps of a network, unless an address is leased there, the
 * plugin is at work, or something else has been put there.
 *
 * @param base default where the plugin keeps it
 * @returns whether the directory is gone
 */
export async function removeLeaseDir(network: string, base = LEASE_DIR): Promise<boolean> {
  const dir = join(base, network);
  const before = await entriesOf(dir);
  if (before === undefined) return true;
  if (!before.every(isBookkeeping)) return false;
  const lock = await openLock(join(dir, 'lock'));
  try {
    if (lock !== undefined && !tryFlock(lock.fd, 'exclusive')) return false;
    const entries = (await entriesOf(dir)) ?? [];
    if (!entries.every(isBookkeeping)) return false;
    for (const { name } of entries) await rm(join(dir, name), { force: true });
    return await removeEmpty(dir);
  } finally {
    await lock?.close();
  }
}

function isBookkeeping(entry: Dirent): boolean {
  return entry.isFile() && BOOKKEEPING.test(entry.name);
}

async function openLock(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function entriesOf(dir: string): Promise<readonly Dirent[] | undefined> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeEmpty(dir: string): Promise<boolean> {
  try {
    await rmdir(dir);
    return true;
  } catch (error) {
    // A plugin has come to it in between.
    if (codeOf(error) === 'ENOTEMPTY') return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
