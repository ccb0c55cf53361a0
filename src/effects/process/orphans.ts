import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import { allPids, filterPids, hasEnviron, isRunning, statOf, type ProcessStat } from './proc.ts';

export interface SettleOptions {
  /** `wait` lets them come to their end for `timeoutMs` before it kills them. */
  readonly mode: 'kill' | 'wait';
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

// What was killed is gone within milliseconds, unless the kernel itself is stuck.
const STUCK_MS = 30_000;
const POLL_MIN_MS = 1;
const POLL_MAX_MS = 50;

/**
 * Comes back only when nothing runs any more of what was started for an operation.
 *
 * They are found by `MOORING_OPERATION` in their environment, together with every
 * process of the sessions they lead or belong to; this process and its own session
 * are never counted among them.
 *
 * @param operation id of a request, `[A-Za-z0-9_-]{21}`
 * @throws MooringError `process.stuck` naming those that SIGKILL does not end
 * @throws the signal's reason when it aborts
 */
export async function settleOrphans(operation: string, options: SettleOptions): Promise<void> {
  const entry = `MOORING_OPERATION=${operation}`;
  await settle(() => ofEntry(entry), options);
}

/**
 * Ends every process that was started with exactly this entry in its environment, in the same way.
 *
 * @returns how many there were
 */
export async function settleMarked(entry: string, signal: AbortSignal): Promise<number> {
  const pids = new Set<number>();
  await settle(
    async () => {
      const found = await ofEntry(entry);
      for (const { pid } of found) pids.add(pid);
      return found;
    },
    { mode: 'kill', signal }
  );
  return pids.size;
}

/** Ends every process of a session that we started, given by its leader's number, in the same way. */
export async function settleSession(session: number): Promise<void> {
  await settle(() => inSessions(new Set([session])), { mode: 'kill' });
}

async function settle(
  find: () => Promise<ProcessStat[]>,
  { mode, timeoutMs = 0, signal }: SettleOptions
): Promise<void> {
  if (mode === 'wait') await untilNone(find, timeoutMs, signal);
  const left = await untilNone(killing(find), STUCK_MS, signal);
  if (left.length === 0) return;
  const pids = left.map(({ pid }) => pid).join(', ');
  throw new MooringError('process.stuck', `processes do not end on SIGKILL: ${pids}`);
}

// One that forks while it is being looked for can be missed, so nothing must be found twice.
async function untilNone(
  find: () => Promise<ProcessStat[]>,
  timeoutMs: number,
  signal: AbortSignal | undefined
): Promise<readonly ProcessStat[]> {
  const end = performance.now() + timeoutMs;
  let pauseMs = POLL_MIN_MS;
  let seenNone = false;
  for (;;) {
    signal?.throwIfAborted();
    const found = await find();
    if (found.length === 0 && seenNone) return found;
    seenNone = found.length === 0;
    if (!seenNone && performance.now() >= end) return found;
    await delay(pauseMs, undefined, signal && { signal });
    pauseMs = seenNone ? POLL_MIN_MS : Math.min(pauseMs * 2, POLL_MAX_MS);
  }
}

function killing(find: () => Promise<ProcessStat[]>): () => Promise<ProcessStat[]> {
  return async () => {
    const found = await find();
    found.forEach(kill);
    return found;
  };
}

function kill(found: ProcessStat): void {
  if (!isRunning(found)) return;
  try {
    process.kill(found.pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What may not be killed is reported as stuck.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

async function ofEntry(entry: string): Promise<ProcessStat[]> {
  const found = running(await marked(entry));
  const ours = statOf(process.pid)?.session;
  const sessions = new Set(found.map(({ session }) => session).filter((id) => id !== ours));
  if (sessions.size === 0) return found;
  const others = await inSessions(sessions);
  return [...new Map([...found, ...others].map((stat) => [stat.pid, stat])).values()];
}

async function marked(entry: string): Promise<number[]> {
  const unsure: number[] = [];
  const sure = await filterPids(allPids(), (pid) => {
    const has = hasEnviron(pid, entry);
    if (has === undefined) unsure.push(pid);
    return has === true;
  });
  if (unsure.length === 0) return sure;
  await delay(POLL_MIN_MS);
  return [...sure, ...unsure.filter((pid) => hasEnviron(pid, entry) === true)];
}

async function inSessions(sessions: ReadonlySet<number>): Promise<ProcessStat[]> {
  const pids = await filterPids(allPids(), (pid) => sessions.has(statOf(pid)?.session ?? -1));
  return running(pids);
}

function running(pids: readonly number[]): ProcessStat[] {
  return pids
    .filter((pid) => pid !== process.pid)
    .map(statOf)
    .filter((stat) => stat !== undefined)
    .filter(({ ended }) => !ended);
}
