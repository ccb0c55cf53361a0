import { closeSync, readFileSync } from 'node:fs';
import { isJsonObject } from '../../model/json.ts';
import { codeOf, openIfPresent, readAt } from './files.ts';

/** This process, such that a later one with the same pid is not taken for it. */
export function identity(): { readonly pid: number; readonly startTime: string } {
  return (self ??= { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' });
}

let self: { readonly pid: number; readonly startTime: string } | undefined;

/** Who holds the lock at `path`, for a message: `process 4711 (node worker.js)`. */
export function describeHolder(path: string): string {
  const { pid, startTime } = readHolder(path);
  if (typeof pid !== 'number' || startTimeOf(pid) !== startTime) return 'another process';
  if (pid === process.pid) return `this process (${pid})`;
  const command = readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim().slice(0, 120);
  return command ? `process ${pid} (${command})` : `process ${pid}`;
}

// The holder writes while we read: half an answer is none.
function readHolder(path: string): { readonly pid?: unknown; readonly startTime?: unknown } {
  const file = openIfPresent(path);
  if (file === undefined) return {};
  try {
    const holder: unknown = JSON.parse(readAt(file.fd, 0, 4096).toString());
    return isJsonObject(holder) ? holder : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  } finally {
    closeSync(file.fd);
  }
}

// Field 22 of /proc/<pid>/stat; the command, field 2, may hold spaces and parentheses.
function startTimeOf(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}
