import type { ChildProcess } from 'node:child_process';
import { isRunning, statOf, type ProcessId } from '../effects/process/proc.ts';
import type { SupervisorConfig } from './config.ts';
import { startHeir } from './guard.ts';
import { LOCK_FD } from './lock.ts';

/** The guard of this supervisor; one that dies is followed by another. */
export interface Guarded {
  current(): ProcessId;
  /** Lets it end. */
  release(): void;
}

const AGAIN_AFTER_MS = 200;

/** @param onChange called with the first and with each that follows, once it runs */
export function guarded(config: SupervisorConfig, onChange: (guard: ProcessId) => void): Guarded {
  let isReleased = false;
  let heir: ChildProcess | undefined;
  let current = parent();
  process.on('SIGUSR2', followed);
  if (current === undefined) succeed();
  else onChange(current);

  return {
    current: () => current!,
    release() {
      isReleased = true;
      process.off('SIGUSR2', followed);
      // The first one sees how we end.
      heir?.stdin?.end('over\n');
    }
  };

  /** Our parent has died. */
  function followed(): void {
    if (heir === undefined && (current === undefined || !isRunning(current))) succeed();
  }

  function succeed(): void {
    if (isReleased) return;
    const child = startHeir(config, LOCK_FD);
    child.unref();
    child.stdin?.on('error', () => undefined);
    child.once('error', () => undefined);
    child.once('close', () => setTimeout(succeed, AGAIN_AFTER_MS).unref());
    heir = child;
    const stat = child.pid === undefined ? undefined : statOf(child.pid);
    if (stat === undefined) return;
    current = { pid: stat.pid, startTime: stat.startTime };
    onChange(current);
  }
}

/** The guard that started us; `undefined` when it has died since. */
function parent(): ProcessId | undefined {
  const pid = Number(process.env['MOORING_GUARD']);
  if (process.ppid !== pid) return undefined;
  const stat = statOf(pid);
  return stat && { pid: stat.pid, startTime: stat.startTime };
}
