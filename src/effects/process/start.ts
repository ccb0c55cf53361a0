import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { SyscallError } from '../../syscalls/libc.ts';
import { closeEnd, openPipe, PIPE_LEAST_BYTES, type Pipe } from '../../syscalls/pipe.ts';
import { reap, spawnProgram, SpawnError, type ProcessEnd } from '../../syscalls/spawn.ts';
import { keepDescriptors } from './descriptors.ts';

/** What to start in `/`, in a session of its own, with pipes as its stdin, stdout and stderr. */
export interface StartCommand {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  /** All of it. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface Started {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended, also while others hold its output; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Closes our ends of its pipes. */
  close(): void;
}

/**
 * Starts a program without a copy of our memory, see `spawnProgram`.
 *
 * @throws SpawnError, SyscallError when it can't be started
 * @throws Error where it can't be done like this
 */
export function start(command: StartCommand): Started {
  keepDescriptors();
  const pipes: Pipe[] = [];
  let pid: number;
  try {
    for (let count = 0; count < 3; count++) pipes.push(openPipe());
    pid = spawn(command, pipes);
  } catch (error) {
    for (const { read, write } of pipes) [read, write].forEach(closeEnd);
    throw error;
  }
  const [input, output, errors] = pipes as [Pipe, Pipe, Pipe];
  for (const fd of [input.read, output.write, errors.write]) closeEnd(fd);
  const stdin = feed(input.write, command.stdin);
  const [stdout, stderr] = [output, errors].map(({ read }) => new Socket({ fd: read }));
  return {
    pid,
    stdout: stdout!,
    stderr: stderr!,
    ended: endOf(pid, stdout!),
    close() {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    }
  };
}

/** Why the kernel would not start it; `undefined` when it was not asked. */
export function refusalIn(
  error: unknown
): { readonly code: string; readonly message: string } | undefined {
  if (!(error instanceof SpawnError || error instanceof SyscallError)) return undefined;
  return { code: error.code, message: error.message };
}

function spawn({ file, args, env }: StartCommand, pipes: readonly Pipe[]): number {
  const [input, output, errors] = pipes;
  return spawnProgram({
    file,
    argv: [file, ...args],
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    stdio: [input!.read, output!.write, errors!.write]
  });
}

/** @returns what still writes, when it did not fit at once */
function feed(fd: number, text: string): Socket | undefined {
  const bytes = Buffer.from(text);
  if (bytes.length <= PIPE_LEAST_BYTES) {
    writeUnread(fd, bytes);
    closeEnd(fd);
    return undefined;
  }
  const stream = new Socket({ fd, readable: false, writable: true });
  // Not every program reads its input to the end: EPIPE is no error.
  stream.on('error', () => undefined);
  return stream.end(bytes);
}

function writeUnread(fd: number, bytes: Buffer): void {
  try {
    writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

// No event tells us; but a program that ends closes its output, unless others hold it.
const LOOK_EVERY_MS = 20;
const LOOK_SOON_MS = 1;

function endOf(pid: number, stdout: Readable): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let pauseMs = LOOK_EVERY_MS;
    const look = (): void => {
      clearTimeout(timer);
      const end = reap(pid);
      if (end !== undefined) {
        stdout.off('close', soon);
        resolve(end);
        return;
      }
      timer = setTimeout(look, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LOOK_EVERY_MS);
    };
    const soon = (): void => {
      pauseMs = LOOK_SOON_MS;
      look();
    };
    stdout.once('close', soon);
    timer = setTimeout(look, LOOK_EVERY_MS);
  });
}
