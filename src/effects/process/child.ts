import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '../../model/failure.ts';
import { keepDescriptors } from './descriptors.ts';
import { statOf, type ProcessId } from './proc.ts';
import { PROGRAM_PATH, type ProgramEnd } from './program.ts';

/** A program that goes on, started under the rules for everything that is spawned. */
export interface ChildCommand {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  /** Besides a minimal `PATH`; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** How many pipes it is given besides stdin, stdout and stderr: from descriptor 3 on. */
  readonly pipes: number;
}

export interface Child {
  readonly process: ProcessId;
  /** Our ends of the pipes: `pipes[0]` is descriptor 3 of the child. */
  readonly pipes: readonly Duplex[];
  /** Resolves once it has ended; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** The last 16 KiB of what it wrote. */
  readonly said: (where: 'stdout' | 'stderr') => string;
  /**
   * Closes our ends of its pipes, then sends SIGTERM, then SIGKILL, each `graceMs` after the one
   * before, and resolves when it is gone.
   *
   * @throws MooringError `process.stuck`
   */
  stop(graceMs: number): Promise<void>;
}

const LOG_MAX_CHARS = 16 * 1024;
// What was killed is gone within milliseconds, unless the kernel itself is stuck.
const STUCK_MS = 30_000;
const ENDED = Symbol('ended');

/**
 * Starts a program in a session of its own and leaves it running.
 *
 * @throws MooringError `process.<errno>`, `process.ENOENT` for a file that is not there
 */
export async function startChild({ file, args, env, pipes }: ChildCommand): Promise<Child> {
  keepDescriptors();
  const child = spawn(file, args, {
    cwd: '/',
    env: { ...env, PATH: PROGRAM_PATH },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: pipes }, () => 'pipe' as const)]
  });
  const ours = child.stdio.slice(3) as Duplex[];
  // A child that ends without a word resets them; how it ended is told by `ended`.
  for (const pipe of ours) pipe.on('error', () => undefined);
  const tails = { stdout: tailOf(child.stdout!), stderr: tailOf(child.stderr!) };
  const ended = endOf(child);
  await spawned(child);
  const stat = statOf(child.pid!);
  const process = { pid: child.pid!, startTime: stat?.startTime ?? '' };
  return {
    process,
    pipes: ours,
    ended,
    said: (where) => tails[where](),
    stop: (graceMs) => stop(child, { ours, ended, graceMs })
  };
}

/** `exit code 1`, `SIGKILL` */
export function endText({ exitCode, signal }: ProgramEnd): string {
  return signal ?? `exit code ${String(exitCode)}`;
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(new MooringError(`process.${error.code ?? 'EUNKNOWN'}`, error.message));
    });
  });
}

// With `exit`, not `close`: a child of the child may hold the output open.
function endOf(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      // What it wrote last is read before anybody looks at the log.
      setImmediate(() => {
        for (const stream of child.stdio) stream?.destroy();
        resolve({ exitCode, signal });
      });
    });
  });
}

function tailOf(stream: Readable): () => string {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-LOG_MAX_CHARS);
  });
  stream.on('error', () => undefined);
  return () => tail;
}

interface Stopping {
  readonly ours: readonly Duplex[];
  readonly ended: Promise<ProgramEnd>;
  readonly graceMs: number;
}

// Until it has ended the number of a child is not given to others: its parent has not reaped it.
async function stop(child: ChildProcess, { ours, ended, graceMs }: Stopping): Promise<void> {
  for (const pipe of ours) pipe.destroy();
  if (ours.length > 0 && (await endsWithin(ended, graceMs))) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    child.kill(signal);
    if (await endsWithin(ended, signal === 'SIGKILL' ? STUCK_MS : graceMs)) return;
  }
  throw new MooringError('process.stuck', `process ${child.pid} does not end on SIGKILL`);
}

async function endsWithin(ended: Promise<ProgramEnd>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  const first = await Promise.race([ended.then(() => ENDED), late]);
  timer.abort();
  return first === ENDED;
}
