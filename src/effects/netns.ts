import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import type { NetnsOrigin } from '../bus/events.ts';
import type { Netns } from '../model/container.ts';
import { failureOf, INTERRUPTED, MooringError, type Failure } from '../model/failure.ts';
import type { NetnsThread } from '../syscalls/netns-thread.ts';
import { followNetnsPath, inspectNetnsPath, isSameNetns } from '../syscalls/nsfs.ts';
import { ensureSharedDir } from '../syscalls/shared-dir.ts';
import { step } from '../syscalls/step.ts';
import { unpinNetns } from '../syscalls/unpin.ts';
import type { Effects } from './effects.ts';

export interface NetnsOptions {
  readonly thread: NetnsThread;
  /** Where the netns are pinned, `/run/netns`; made if need be. */
  readonly runDir: string;
  /** File name of a namespace, `mooring-web`: no other namespace's, and nobody else's. */
  readonly nameOf: (namespace: string) => string;
}

/**
 * Makes, checks and removes pinned netns as ip-netns(8) keeps them. `lo` is up in each.
 *
 * Failures: `netns.exists`, `netns.noProcess`, `netns.isHost`, `netns.gone`, `netns.replaced`, `netns.badPath`, `netns.threadLost`,
 * or an errno's name, `netns.EPERM`. A creation that failed has left nothing, unless it
 * answers `mooring.interrupted`.
 */
export function netnsEffects(
  options: NetnsOptions
): Pick<Effects, 'netns.create' | 'netns.verify' | 'netns.remove'> {
  const pathOf = (namespace: string) => pinPath(options.runDir, options.nameOf(namespace));

  return {
    async 'netns.create'({ namespace, origin }, { signal }) {
      try {
        requireWanted(signal);
        const netns = await create(options, pathOf(namespace), origin);
        return { type: 'netns.created', namespace, netns };
      } catch (error) {
        const failure = failureOf(error, 'netns', `create the netns of ${namespace}`);
        return { type: 'netns.createFailed', namespace, failure };
      }
    },
    async 'netns.verify'({ namespace, netns }) {
      try {
        requireSame(netns);
        return { type: 'netns.verified', namespace };
      } catch (error) {
        const failure = failureOf(error, 'netns', `verify the netns of ${namespace}`);
        return { type: 'netns.verifyFailed', namespace, failure };
      }
    },
    async 'netns.remove'({ namespace, netns }, { signal }) {
      try {
        requireWanted(signal);
        unpinNetns(netns?.path ?? pathOf(namespace), netns);
        return { type: 'netns.removed', namespace };
      } catch (error) {
        const failure = failureOf(error, 'netns', `remove the netns of ${namespace}`);
        return { type: 'netns.removeFailed', namespace, failure };
      }
    }
  };
}

/**
 * Whether the recorded netns still stands at its path: a few microseconds, without entering it.
 *
 * @returns `plain` for a file with no netns on it, `replaced` for anything else that stands there
 */
export function verifyNetns(netns: Netns): 'same' | 'gone' | 'replaced' | 'plain' {
  const found = inspectNetnsPath(netns.path);
  switch (found.kind) {
    case 'absent':
      return 'gone';
    case 'plain':
      return 'plain';
    case 'netns':
      return isSameNetns(found, netns) ? 'same' : 'replaced';
    default:
      return 'replaced';
  }
}

/**
 * The netns that stands at a path and is somebody else's.
 *
 * @throws MooringError `netns.gone`, `netns.badPath`
 */
export function netnsAt(path: string): Netns {
  const found = followNetnsPath(path);
  if (found.kind === 'netns') return { path, device: found.device, inode: found.inode };
  if (found.kind === 'absent') {
    throw new MooringError('netns.gone', `stat ${path}: no such file or directory`);
  }
  throw new MooringError('netns.badPath', `${path} is no network namespace`);
}

function requireWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new MooringError('netns.aborted', 'stopped before it began');
}

/** @throws MooringError `netns.gone`, `netns.replaced` */
export function requireSame(netns: Netns): void {
  const found = verifyNetns(netns);
  if (found === 'replaced') {
    throw new MooringError('netns.replaced', `${netns.path} is not the netns that was made there`);
  }
  if (found !== 'same') throw new MooringError('netns.gone', `no netns is at ${netns.path}`);
}

async function create(
  { thread, runDir }: NetnsOptions,
  path: string,
  origin: NetnsOrigin | undefined
): Promise<Netns> {
  await ensureSharedDir(runDir);
  reserve(path);
  try {
    return { path, ...(await thread.create(path, origin)) };
  } catch (error) {
    undo(path, error);
    throw error;
  }
}

/** Only one can make the file, so from here on whatever stands at the path is ours. */
function reserve(path: string): void {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_RDONLY;
  try {
    closeSync(step(`create ${path}`, () => openSync(path, flags, 0o444)));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    throw new MooringError(
      'netns.exists',
      `${path} exists already; another Mooring root or \`ip netns add\` may own it`,
      { cause: error }
    );
  }
}

/** @throws MooringError `mooring.interrupted` when something may be left, so that it is removed */
function undo(path: string, cause: unknown): void {
  try {
    unpinNetns(path, null);
  } catch (error) {
    const [first, second] = [failureOf(cause, 'netns'), failureOf(error, 'netns')];
    throw new MooringError(INTERRUPTED, bothOf(first, second), { cause });
  }
}

function bothOf(first: Failure, second: Failure): string {
  return `${first.message}; then ${second.message}`;
}

function pinPath(runDir: string, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return join(runDir, name);
  throw new MooringError('netns.badPath', `${JSON.stringify(name)} is no file name for a netns`);
}
