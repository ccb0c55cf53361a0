import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import { isRunning, type ProcessId } from './proc.ts';
import { signalProcess } from './signal.ts';

const GRACE_MS = 1_000;
const STUCK_MS = 30_000;
const POLL_MS = 5;

/**
 * Ends a process that is no child of ours: SIGTERM, and SIGKILL after a second. One that is gone,
 * and a later one of its number, are left alone.
 *
 * @throws MooringError `process.stuck`; the signal's reason
 */
export async function endProcess(process: ProcessId, signal: AbortSignal): Promise<void> {
  for (const [name, ms] of [
    ['SIGTERM', GRACE_MS],
    ['SIGKILL', STUCK_MS]
  ] as const) {
    signalProcess(process, name);
    const end = performance.now() + ms;
    while (isRunning(process) && performance.now() < end) {
      await delay(POLL_MS, undefined, { signal });
    }
    if (!isRunning(process)) return;
  }
  throw new MooringError('process.stuck', `process ${process.pid} does not end on SIGKILL`);
}
