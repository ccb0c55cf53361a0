import { closeSync, constants, fstatSync, openSync, statfsSync, type BigIntStats } from 'node:fs';
import { step } from './step.ts';

/** Tells a namespace from every other that lives. */
export interface NetnsIdentity {
  /** `st_dev` of the nsfs file, decimal. */
  readonly device: string;
  /** `st_ino` of the nsfs file, decimal. */
  readonly inode: string;
}

/** What stands at a path: `plain` is a regular file that no namespace is mounted on. */
export type NetnsPath =
  | { readonly kind: 'absent' | 'plain' | 'symlink' | 'other' }
  | ({ readonly kind: 'netns' } & NetnsIdentity);

/** From include/uapi/linux/magic.h; all kinds of namespaces have it. */
const NSFS_MAGIC = 0x6e73_6673;

/** From include/uapi/asm-generic/fcntl.h: names a file without opening it, a link too. */
const O_PATH = 0o1000_0000;

/**
 * Looks at a path without following a link at its end and without opening what is there.
 *
 * @throws {@link StepError} except for a path that does not exist
 */
export function inspectNetnsPath(path: string): NetnsPath {
  return lookAt(path, (_, found) => found);
}

/** As {@link inspectNetnsPath}, with links followed: `/proc/<pid>/ns/net` is one. */
export function followNetnsPath(path: string): NetnsPath {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const fd = step(`open ${path}`, () => openIfThere(path, flags));
  if (fd === undefined) return { kind: 'absent' };
  try {
    return step(`look at ${path}`, () => inspect(fd));
  } finally {
    closeSync(fd);
  }
}

/**
 * As {@link inspectNetnsPath}, with a descriptor that keeps hold of what was found.
 *
 * @param use is given an `O_PATH` descriptor, open until it returns; -1 for an absent path
 */
export function lookAt<Result>(
  path: string,
  use: (fd: number, found: NetnsPath) => Result
): Result {
  const fd = step(`look at ${path}`, () => openIfThere(path, O_PATH | constants.O_NOFOLLOW));
  if (fd === undefined) return use(-1, { kind: 'absent' });
  try {
    return use(
      fd,
      step(`look at ${path}`, () => inspect(fd))
    );
  } finally {
    closeSync(fd);
  }
}

/** What an open file is; never `absent`. */
export function inspect(fd: number): NetnsPath {
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isSymbolicLink()) return { kind: 'symlink' };
  if (!stat.isFile()) return { kind: 'other' };
  if (statfsSync(`/proc/self/fd/${fd}`).type !== NSFS_MAGIC) return { kind: 'plain' };
  return { kind: 'netns', ...identityOf(stat) };
}

export function identityOf({ dev, ino }: BigIntStats): NetnsIdentity {
  return { device: dev.toString(), inode: ino.toString() };
}

export function isSameNetns(one: NetnsIdentity, other: NetnsIdentity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

function openIfThere(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
