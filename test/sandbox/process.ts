import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface RunOptions {
  /** Written to stdin, which is empty otherwise. */
  readonly input?: string;
  /** Besides `PATH`, `HOME` and `LANG`; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** After this the whole process group is killed, and `code` is `null`. Default 60 s. */
  readonly timeoutMs?: number;
}

export interface Ran {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function environment(options: RunOptions): NodeJS.ProcessEnv {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/root' } = process.env;
  return { PATH, HOME, LANG: 'C.UTF-8', ...options.env };
}

/** Runs a program to its end. */
export async function collect(argv: readonly string[], options: RunOptions): Promise<Ran> {
  const [program, ...args] = argv;
  const child = spawn(program!, args, { env: environment(options), detached: true });
  const timer = setTimeout(() => killGroup(child), options.timeoutMs ?? 60_000);
  child.stdin.on('error', ignoreClosedPipe).end(options.input ?? '');
  const result = await outcome(child);
  clearTimeout(timer);
  return result;
}

/** @returns what a child with piped output said, once it has ended */
export async function outcome(child: ChildProcess): Promise<Ran> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
}

// A program may end without reading what it was given.
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
}
