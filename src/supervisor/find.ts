import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { settleMarked } from '../effects/process/orphans.ts';
import { isRunning } from '../effects/process/proc.ts';
import { errorOf, MooringError, type Failure } from '../model/failure.ts';
import { hostMarkEntry } from '../private-host/place.ts';
import { connectSupervisor, type SupervisorClient } from './client.ts';
import { socketOf, type SupervisorConfig } from './config.ts';
import { startGuard } from './guard.ts';
import { livingKeepers, openLock, readKeepers, writeKeepers } from './lock.ts';
import { SOCKET_NAME, type Hello } from './protocol.ts';

/** A supervisor that stays as long as this connection does. */
export interface Found {
  readonly client: SupervisorClient;
  readonly hello: Hello;
  /**
   * Closes the connection. When nothing keeps the supervisor any more it resolves only after
   * everything of it is gone.
   */
  leave(): Promise<void>;
}

export interface FindOptions {
  readonly config: SupervisorConfig;
  /** How its guard is started when there is none, as of `GuardStart`; absent: it is not. */
  readonly start?: { readonly within: readonly string[]; readonly doing: string };
  readonly signal?: AbortSignal;
}

const FIND_MS = 30_000;
const HELLO_MS = 10_000;
const LEAVE_MS = 30_000;
const GONE_MS = 10_000;
const PAUSE_MS = 10;

/**
 * Connects to the supervisor of a state directory, and starts it when there is none.
 *
 * @returns `undefined` when there is none and it is not to be started
 * @throws MooringError `rootless.failed`, `supervisor.timedOut`; what building it came to
 */
export async function findSupervisor(options: FindOptions): Promise<Found | undefined> {
  const { config, start, signal } = options;
  const end = performance.now() + FIND_MS;
  const { tryFlock } = await import('../syscalls/flock.ts');
  while (performance.now() < end) {
    signal?.throwIfAborted();
    const found = await connected(config);
    if (found !== undefined) return found;
    const fd = openLock(config.root);
    try {
      // Whoever has it may be starting one, or be ending: in either case it is soon seen.
      if (tryFlock(fd, 'exclusive')) {
        if (start === undefined) return undefined;
        await clearAway(config, fd);
        await startOne(config, start, fd);
        continue;
      }
    } finally {
      closeSync(fd);
    }
    await delay(PAUSE_MS, undefined, signal && { signal });
  }
  throw new MooringError(
    'supervisor.timedOut',
    `the supervisor of ${config.root} was not found within ${FIND_MS} ms`
  );
}

async function connected(config: SupervisorConfig): Promise<Found | undefined> {
  for (const path of pathsOf(config)) {
    const client = await connectSupervisor(path).catch(() => undefined);
    if (client === undefined) continue;
    try {
      const hello = await client.ask('hello', null, { timeoutMs: HELLO_MS });
      if (hello.root === config.root) return { client, hello, leave: () => leave(client, hello) };
    } catch (error) {
      client.close();
      if (error instanceof MooringError && error.code === 'supervisor.lost') continue;
      throw error;
    }
    client.close();
  }
  return undefined;
}

/** Its own directory, and that of one that was started where another was current. */
function pathsOf(config: SupervisorConfig): readonly string[] {
  const keepers = livingKeepers(config.root);
  if (keepers === undefined || keepers.runDir === config.runDir) return [socketOf(config)];
  const seen = `/proc/${keepers.guard.pid}/root`;
  return [socketOf(config), join(seen, keepers.runDir, SOCKET_NAME)];
}

/** What processes of a private host are left whose keepers were killed. */
async function clearAway(config: SupervisorConfig, fd: number): Promise<void> {
  const before = readKeepers(config.root);
  if (before === undefined) return;
  if (before.host !== '') {
    await settleMarked(hostMarkEntry(before.host), AbortSignal.timeout(FIND_MS));
  }
  writeKeepers(fd, null);
}

async function startOne(
  config: SupervisorConfig,
  { within, doing }: { readonly within: readonly string[]; readonly doing: string },
  lockFd: number
): Promise<void> {
  const guard = startGuard({ config, within, lockFd });
  const said: string[] = [];
  guard.stderr!.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const failed = await firstNews(guard);
  guard.unref();
  guard.stderr!.destroy();
  if (failed === undefined) return;
  if (failed !== 'nothing') throw errorOf(failed);
  const reason = said.join('').trim().split('\n').at(-1) ?? '';
  throw new MooringError('rootless.failed', `${doing}: ${reason || 'it ended at once'}`);
}

/** @returns `undefined` once it serves */
async function firstNews(guard: ChildProcess): Promise<Failure | 'nothing' | undefined> {
  const pipe = guard.stdio[3] as Readable;
  pipe.on('error', () => undefined);
  const lines = createInterface({ input: pipe });
  const news = once(lines, 'line').then(([line]) => JSON.parse(String(line)) as object);
  const closed = once(guard, 'close').then(() => 'nothing' as const);
  const spawnFailed = once(guard, 'error').then(([error]): Failure => {
    const { message } = error as Error;
    return { code: 'rootless.failed', message };
  });
  const first = await Promise.race([news, closed, spawnFailed]);
  lines.close();
  pipe.destroy();
  if (first === 'nothing' || 'code' in first) return first;
  return 'failure' in first ? (first.failure as Failure) : undefined;
}

async function leave(client: SupervisorClient, hello: Hello): Promise<void> {
  const isLeaving = await client
    .ask('leave', null, { timeoutMs: LEAVE_MS })
    .then(({ leaving }) => leaving)
    // It has ended, or says nothing: the next command finds out.
    .catch(() => false);
  client.close();
  const end = performance.now() + GONE_MS;
  while (isLeaving && performance.now() < end) {
    if (!isRunning(hello.supervisor) && !isRunning(hello.guard)) return;
    await delay(PAUSE_MS / 2);
  }
}
