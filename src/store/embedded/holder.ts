import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { codeOf } from './files.ts';

/**
 * Who holds the lock on the file at `path`, for a message: `process 4711 (node worker.js)`.
 *
 * The kernel tells, so nothing has to be written when a lock is taken.
 *
 * @see proc_locks(5)
 */
export function describeHolder(path: string): string {
  const pid = holderOf(path);
  if (pid === undefined) return 'another process';
  if (pid === process.pid) return `this process (${pid})`;
  const command = readProc(`${pid}/cmdline`)?.replaceAll('\0', ' ').trim().slice(0, 120);
  return command ? `process ${pid} (${command})` : `process ${pid}`;
}

// Some file systems show another device there than stat(2) does: the inode says who it may be.
function holderOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const file = realpathSync(path);
  return (readProc('locks') ?? '')
    .split('\n')
    .map((line) => LOCK.exec(line))
    .filter((lock) => lock?.[2] === String(stat.ino))
    .map((lock) => Number(lock?.[1]))
    .find((pid) => hasOpen(pid, file));
}

const LOCK = /: FLOCK +ADVISORY +WRITE (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /;

function hasOpen(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return (
    orGone(() => readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === file)) ?? false
  );
}

function linkOf(path: string): string | undefined {
  return orGone(() => readlinkSync(path));
}

function readProc(name: string): string | undefined {
  return orGone(() => readFileSync(`/proc/${name}`, 'utf8'));
}

// Processes end, and others' can't be looked into.
function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}
