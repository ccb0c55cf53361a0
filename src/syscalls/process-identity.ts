import { readFileSync } from 'node:fs';

/** Tells a process from a later one with the same number, until the next boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start, decimal. */
  readonly startTicks: string;
}

/**
 * @returns `undefined` when there is no such process, or it has ended and waits to be reaped
 * @see proc_pid_stat(5), fields 3 and 22
 */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, and may hold spaces and more of these.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks };
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
