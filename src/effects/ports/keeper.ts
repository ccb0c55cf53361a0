import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import type { Program } from '../../syscalls/spawn.ts';
import { reapDetached, startDetached } from '../process/detached.ts';
import { settleMarked } from '../process/orphans.ts';
import { hasEnviron, isRunning, statOf, type ProcessId } from '../process/proc.ts';
import { signalProcess } from '../process/signal.ts';

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
  // A program of many names knows itself by this one.
  const isSleep = basename(realpathSync(file)) === 'sleep';
  const name = isSleep ? `mooring: ports of ${owner.container}` : file;
  const pid = await launch({ file, argv: [name, 'infinity'], env: [entryOf(owner)], fds });
  const stat = statOf(pid);
  if (stat === undefined || stat.ended) throw failed(`${file} ended at once`);
  const keeper = { pid, startTime: stat.startTime };
  await untilMarked(owner, keeper);
  return keeper;
}

async function launch(program: Program): Promise<number> {
  try {
    return await startDetached(program);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

/** Ends a keeper and waits until its ports are free. One that is gone is no error. */
export async function endKeeper(
  owner: KeeperOwner,
  keeper: ProcessId,
  signal: AbortSignal
): Promise<void> {
  await untilMarked(owner, keeper, signal);
  if (kill(owner, keeper)) {
    for (let pauseMs = 1; isRunning(keeper); pauseMs = Math.min(pauseMs * 2, 50)) {
      await delay(pauseMs, undefined, { signal });
    }
  }
  reapDetached();
}

/**
 * Ends every keeper of the container, recorded or not.
 *
 * @returns how many there were
 */
export async function endKeepers(owner: KeeperOwner, signal: AbortSignal): Promise<number> {
  const count = await settleMarked(entryOf(owner), signal);
  reapDetached();
  return count;
}

export function isKeeping(owner: KeeperOwner, keeper: ProcessId): boolean {
  const isIt = isRunning(keeper) && hasEnviron(keeper.pid, entryOf(owner)) !== false;
  if (!isIt) reapDetached();
  return isIt;
}

// A program that has just been started has no environment for a moment, and is not found by it.
async function untilMarked(
  owner: KeeperOwner,
  keeper: ProcessId,
  signal?: AbortSignal
): Promise<void> {
  for (let tries = 0; tries < START_TRIES && isStarting(owner, keeper); tries++) {
    await delay(1, undefined, { signal });
  }
}

function isStarting(owner: KeeperOwner, keeper: ProcessId): boolean {
  return isRunning(keeper) && hasEnviron(keeper.pid, entryOf(owner)) === undefined;
}

/** Whose ports a process keeps, by its environment as `/proc/<pid>/environ` has it. */
export function keptFor(environ: string): KeeperOwner | undefined {
  const entry = environ.split('\0').find((line) => line.startsWith(PREFIX));
  const [, root, container] = /^(.+):([^:]+)$/s.exec(entry?.slice(PREFIX.length) ?? '') ?? [];
  return root === undefined || container === undefined ? undefined : { root, container };
}

const NAME = 'MOORING_PORTS';
const PREFIX = `${NAME}=`;
const START_TRIES = 1_000;
const END_WITHIN_MS = 2;
const SLEEP_DIRS = ['/usr/bin', '/bin'];

function entryOf({ root, container }: KeeperOwner): string {
  return `${PREFIX}${root}:${container}`;
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
  return signalProcess(keeper, 'SIGKILL', {
    isIt: () => hasEnviron(keeper.pid, entryOf(owner)) === true,
    // It takes a fifth of a millisecond, unless the machine is busy.
    waitMs: END_WITHIN_MS
  });
}

function failed(reason: string): MooringError {
  return new MooringError('port.keeperFailed', `host ports can't be kept bound: ${reason}`);
}
