import { libc, SyscallError } from './libc.ts';

const MS_NOSUID = 0x2n;
const MS_NODEV = 0x4n;
const MS_NOEXEC = 0x8n;
const MS_BIND = 0x1000n;
const MS_REC = 0x4000n;
const MS_SHARED = 0x10_0000n;
const MNT_DETACH = 2;
const NULL = 0n;

/**
 * @param target followed when it is a link, so `/proc/self/fd/9` is the open file itself
 * @throws SyscallError
 * @see mount(2), "Creating a bind mount"
 */
export function bindMount(source: string, target: string): void {
  libc('mount', source, target, NULL, MS_BIND, NULL);
}

/** As {@link bindMount}, with the mounts below `source`. */
export function bindMountAll(source: string, target: string): void {
  libc('mount', source, target, NULL, MS_BIND | MS_REC, NULL);
}

/**
 * An empty file system in memory, of directories that anybody may look into.
 *
 * @param options.noexec besides `nosuid` and `nodev`
 * @throws SyscallError
 * @see tmpfs(5)
 */
export function mountTmpfs(target: string, options: { readonly noexec: boolean }): void {
  const flags = MS_NOSUID | MS_NODEV | (options.noexec ? MS_NOEXEC : 0n);
  libc('mount', 'tmpfs', target, 'tmpfs', flags, 'mode=755');
}

/**
 * Takes the topmost mount at a path away, with those below it.
 *
 * @throws SyscallError `EINVAL` when it is no mount point
 * @see umount2(2), `MNT_DETACH`
 */
export function detachMount(path: string): void {
  libc('umount2', path, MNT_DETACH);
}

/**
 * Lets the mounts below `path` reach other mount namespaces. Doing it again changes nothing.
 *
 * @returns `false` when `path` is no mount point
 * @throws SyscallError
 * @see mount_namespaces(7), "Shared subtrees"
 */
export function shareMounts(path: string): boolean {
  try {
    libc('mount', NULL, path, NULL, MS_SHARED | MS_REC, NULL);
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EINVAL') return false;
    throw error;
  }
}

/**
 * Takes the mount behind an open file away, and no other that may stand at its path by now.
 *
 * @throws SyscallError `EINVAL` when it is not the root of a mount
 * @see umount2(2), `MNT_DETACH`
 */
export function detachMountOf(fd: number): void {
  libc('umount2', `/proc/self/fd/${fd}`, MNT_DETACH);
}
