import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import { closeSocket } from '../../syscalls/bound-socket.ts';
import { SyscallError } from '../../syscalls/libc.ts';
import { pidfdOpen, pidfdSendSignal } from '../../syscalls/pidfd.ts';
import { settleMarked } from '../process/orphans.ts';
import { hasEnviron, isRunning, statOf, type ProcessId } from '../process/proc.ts';

/** Whose ports a keeper keeps. */
export interface KeeperOwner {
  /** State directory of the Mooring that started it. */
  readonly root: string;
  readonly container: string;
}

/**
 * Starts the process that keeps host ports bound when nobody else of us runs any more: a
 * `sleep` that has inherited the sockets, in a session of its own.
 *
 * It carries no `MOORING_OPERATION`, as it outlives what it was started for, but
 * `MOORING_PORTS=<root>:<container>`, by which it is found when it was never recorded.
 *
 * @param fds sockets; they stay open here, too
 * @throws MooringError `port.keeperFailed`
 */
export async function startKeeper(owner: KeeperOwner, fds: readonly number[]): Promise<ProcessId> {
  const file = findSleep();
  const child = spawn(file, ['infinity'], {
    // A program of many names knows itself by this one.
    argv0: basename(realpathSync(file)) === 'sleep' ? `mooring: ports of ${owner.container}` : file,
    cwd: '/',
    env: environOf(owner),
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', ...fds]
  });
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', ({ message }) => {
      reject(failed(message));
    });
  });
  const stat = statOf(child.pid!);
  if (stat === undefined || stat.ended) throw failed(`${file} ended at once`);
  return { pid: stat.pid, startTime: stat.startTime };
}

/** Ends a keeper and waits until its ports are free. One that is gone is no error. */
export async function endKeeper(
  owner: KeeperOwner,
  keeper: ProcessId,
  signal: AbortSignal
): Promise<void> {
  if (!kill(owner, keeper)) return;
  for (let pauseMs = 1; isRunning(keeper); pauseMs = Math.min(pauseMs * 2, 50)) {
    await delay(pauseMs, undefined, { signal });
  }
}

/**
 * Ends every keeper of the container, recorded or not.
 *
 * @returns how many there were
 */
export async function endKeepers(owner: KeeperOwner, signal: AbortSignal): Promise<number> {
  return settleMarked(entryOf(owner), signal);
}

export function isKeeping(owner: KeeperOwner, keeper: ProcessId): boolean {
  return isRunning(keeper) && hasEnviron(keeper.pid, entryOf(owner)) === true;
}

/** Whose ports a process keeps, by its environment as `/proc/<pid>/environ` has it. */
export function keptFor(environ: string): KeeperOwner | undefined {
  const entry = environ.split('\0').find((line) => line.startsWith(PREFIX));
  const [, root, container] = /^(.+):([^:]+)$/s.exec(entry?.slice(PREFIX.length) ?? '') ?? [];
  return root === undefined || container === undefined ? undefined : { root, container };
}

const NAME = 'MOORING_PORTS';
const PREFIX = `${NAME}=`;
const SLEEP_DIRS = ['/usr/bin', '/bin'];

function environOf({ root, container }: KeeperOwner): Record<string, string> {
  return { [NAME]: `${root}:${container}` };
}

function entryOf(owner: KeeperOwner): string {
  return `${PREFIX}${environOf(owner)[NAME]!}`;
}

function findSleep(): string {
  const file = SLEEP_DIRS.map((dir) => join(dir, 'sleep')).find(isProgram);
  if (file !== undefined) return file;
  throw failed(`there is no sleep in ${SLEEP_DIRS.join(' or ')}`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns whether it was there */
function kill(owner: KeeperOwner, keeper: ProcessId): boolean {
  try {
    const pidfd = pidfdOpen(keeper.pid);
    try {
      // Looked at only now: the descriptor can't come to mean another process.
      if (!isKeeping(owner, keeper)) return false;
      pidfdSendSignal(pidfd, 'SIGKILL');
      return true;
    } finally {
      closeSocket(pidfd);
    }
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ESRCH') return false;
    throw error;
  }
}

function failed(reason: string): MooringError {
  return new MooringError('port.keeperFailed', `host ports can't be kept bound: ${reason}`);
}
