import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  statSync,
  symlinkSync,
  type Dirent
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MooringError } from '../model/failure.ts';
import { bindMountAll, detachMount, detachMountOf, mountTmpfs } from '../syscalls/mount.ts';
import { step } from '../syscalls/step.ts';
import {
  CNI_DIR,
  mountPlan,
  RESOLV_CONF,
  type DirectoryEntry,
  type MountFacts,
  type MountStep
} from './mount-plan.ts';
import { isBelow, resolvTarget } from './resolv-target.ts';

/** From include/uapi/asm-generic/fcntl.h: names a file without opening it. */
const O_PATH = 0o1000_0000;

/**
 * Mounts what makes the private host's files its own. It goes with the mount namespace.
 *
 * @param workDir made, and gone again when this returns
 * @param kept directories below `/run` that must stay to be seen
 * @throws StepError an errno's name; MooringError `rootless.resolvConf`, `rootless.noVar`
 */
export function mountPrivately(workDir: string, kept: readonly string[]): void {
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const [first, ...others] = mountPlan(factsOf(workDir, kept));
  perform(first!);
  // By path it can't be reached any more once it has been mounted upon `/run`.
  const work = openSync(workDir, O_PATH | constants.O_DIRECTORY);
  try {
    others.forEach(perform);
    step(`umount ${workDir}`, () => detachMountOf(work));
  } finally {
    closeSync(work);
  }
  rmdirSync(workDir);
}

/**
 * Mounts the private host's resolv.conf again where it has been lost: what replaces the host's file
 * takes what was mounted on the old one away.
 *
 * @throws StepError an errno's name; MooringError `rootless.resolvConf`
 */
export function mountResolvConf(): void {
  const target = resolvTarget('/etc/resolv.conf', { readLink, realDirectory });
  const [ours, there] = [statSync(RESOLV_CONF), statSync(target, { throwIfNoEntry: false })];
  if (there === undefined || (there.dev === ours.dev && there.ino === ours.ino)) return;
  step(`mount ${RESOLV_CONF} on ${target}`, () => bindMountAll(RESOLV_CONF, target));
}

function factsOf(workDir: string, kept: readonly string[]): MountFacts {
  const target = resolvTarget('/etc/resolv.conf', { readLink, realDirectory });
  // In a directory of the host's that is kept nothing can be made.
  const isMissing = target.startsWith('/run/systemd/') && existsSync('/run/systemd');
  const isPlace = existsSync(target) || (target.startsWith('/run/') && !isMissing);
  return {
    workDir,
    kept: outermost(kept.flatMap((path) => nearestExisting(path) ?? [])),
    hasSystemd: existsSync('/run/systemd'),
    resolvTarget: isPlace ? target : undefined,
    cni: nearest(CNI_DIR)
  };
}

// One that will be made later is made where it is to be.
function nearestExisting(path: string): string | undefined {
  if (!isBelow(path, '/run')) return undefined;
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function outermost(paths: readonly string[]): readonly string[] {
  const others = new Set(paths);
  return [...others].filter((path) => ![...others].some((other) => isBelow(path, other)));
}

function nearest(path: string): MountFacts['cni'] {
  if (path === '/') throw new MooringError('rootless.noVar', 'failed to stat /var directory');
  if (!existsSync(path)) return nearest(dirname(path));
  if (path === CNI_DIR) return { directory: path, entries: [] };
  const entries = readdirSync(path, { withFileTypes: true });
  return { directory: path, entries: entries.flatMap((entry) => entryOf(path, entry) ?? []) };
}

// Sockets, pipes and devices are mounted as files are.
function entryOf(directory: string, entry: Dirent): DirectoryEntry | undefined {
  const { name } = entry;
  if (entry.isDirectory()) return { name, kind: 'directory' };
  if (!entry.isSymbolicLink()) return { name, kind: 'file' };
  const linkTo = readLink(join(directory, name));
  return linkTo === undefined ? undefined : { name, kind: { linkTo } };
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return path;
    throw error;
  }
}

function perform(one: MountStep): void {
  switch (one.step) {
    case 'tmpfs':
      step(`mount a tmpfs on ${one.target}`, () => {
        mountTmpfs(one.target, { noexec: one.noexec ?? false });
      });
      return;
    case 'bind':
      step(`mount ${one.source} on ${one.target}`, () => bindMountAll(one.source, one.target));
      return;
    case 'detach':
      step(`umount ${one.target}`, () => detachMount(one.target));
      return;
    case 'directory':
      step(`mkdir ${one.path}`, () => mkdirSync(one.path, { recursive: true, mode: one.mode }));
      return;
    case 'file':
      if (existsSync(one.path)) return;
      step(`mkdir ${dirname(one.path)}`, () =>
        mkdirSync(dirname(one.path), { recursive: true, mode: 0o755 })
      );
      step(`create ${one.path}`, () => closeSync(openSync(one.path, 'wx', 0o644)));
      return;
    case 'link':
      step(`link ${one.path}`, () => symlinkSync(one.to, one.path));
  }
}
