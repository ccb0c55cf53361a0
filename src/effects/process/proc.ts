import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** A process, told from a later one with the same number by its start. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot, decimal; field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string;
}

export interface ProcessStat extends ProcessId {
  readonly session: number;
  /** `PF_…` of the kernel. */
  readonly flags: number;
  /** It has ended, and only waits to be reaped. */
  readonly ended: boolean;
}

/** Numbers of all processes in our pid namespace. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * Processes for which `test` holds. Other work goes on between every few hundred of them.
 */
export async function filterPids(
  pids: readonly number[],
  test: (pid: number) => boolean
): Promise<number[]> {
  const found: number[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % 256 === 255) await setImmediate();
    if (test(pid)) found.push(pid);
  }
  return found;
}

/**
 * Whether the process was started with exactly this entry, `MOORING_OPERATION=…`, in its environment.
 *
 * @returns `undefined` when none can be seen: for an instant while it turns into another
 *   program, and always when it was started with none
 */
export function hasEnviron(pid: number, entry: string): boolean | undefined {
  const environ = readProc(pid, 'environ');
  if (environ === '' && isProgram(pid)) return undefined;
  return environ !== undefined && `\0${environ}`.includes(`\0${entry}\0`);
}

const PF_KTHREAD = 0x0020_0000;

// Threads of the kernel, and what has ended, have no environment at all.
function isProgram(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !stat.ended && (stat.flags & PF_KTHREAD) === 0;
}

/**
 * @returns `undefined` when there is no such process
 * @see proc(5), /proc/pid/stat
 */
export function statOf(pid: number): ProcessStat | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , , session] = fields;
  return {
    pid,
    session: Number(session),
    flags: Number(fields[6]),
    startTime: fields[19] ?? '',
    ended: state === 'Z' || state === 'X'
  };
}

/** Whether that process, and not a later one of its number, is still running. */
export function isRunning({ pid, startTime }: ProcessId): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.startTime === startTime && !stat.ended;
}

// A process may end at any time, and those of other users can't be read.
function readProc(pid: number, name: 'environ' | 'stat'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') {
      return undefined;
    }
    throw error;
  }
}
