import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { SyscallError } from '../../syscalls/libc.ts';
import { openPipe, PIPE_TAKES_BYTES, type Pipe } from '../../syscalls/pipe.ts';
import { keepDescriptors } from './descriptors.ts';
import type { ProgramEnd } from './program.ts';

/** What to start in `/`, in a session of its own, with pipes as its stdin, stdout and stderr. */
export interface StartCommand {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  /** All of it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Started {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Its input, whole.
   *
   * @param given called once it has it all and finds the end; never when it does not take it
   */
  give(stdin: string, given?: () => void): void;
  /** Resolves when it has ended, also while others hold its output; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** Closes our ends of its pipes. */
  close(): void;
}

/** Why the kernel would not start it. */
export interface StartRefusal {
  /** Name of the errno. */
  readonly code: string;
  readonly message: string;
}

// What execa would do besides with output, deadlines and what is left of it, `run` does by its own
// rules. The pipes are ours, too: execa looks after each of its own until the last of it has closed,
// half a millisecond for a program that has ended, before anybody hears of it.
const OPTIONS = {
  extendEnv: false,
  cwd: '/',
  detached: true,
  cleanup: false,
  buffer: false,
  reject: false,
  forceKillAfterDelay: false
} as const;

/** Starts a program, or says why it can't be. */
export async function start({ file, args, env }: StartCommand): Promise<Started | StartRefusal> {
  const pipes = openPipes();
  if ('code' in pipes) return pipes;
  const [input, output, errors] = pipes;
  const theirs = [input.read, output.write, errors.write] as const;
  keepDescriptors();
  // Any descriptor will do, of which execa's types name the first ten.
  const stdio = theirs as unknown as readonly [3, 4, 5];
  const child = execa(file, args, { ...OPTIONS, stdio, env });
  closeAll(theirs);
  if (child.pid === undefined) {
    closeAll([input.write, output.read, errors.read]);
    const { code, originalMessage } = await child;
    return { code: code ?? 'EUNKNOWN', message: originalMessage ?? 'it could not be started' };
  }
  const stdin = inputOf(input);
  const [stdout, stderr] = [readerOf(output), readerOf(errors)];
  return {
    pid: child.pid,
    stdout,
    stderr,
    ended: new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    }),
    give: (text, given) => stdin.give(text, given),
    close() {
      stdin.close();
      for (const stream of [stdout, stderr]) stream.destroy();
    }
  };
}

function openPipes(): readonly [Pipe, Pipe, Pipe] | StartRefusal {
  const opened: Pipe[] = [];
  try {
    for (let count = 0; count < 3; count += 1) opened.push(openPipe());
    return opened as [Pipe, Pipe, Pipe];
  } catch (error) {
    closeAll(opened.flatMap(({ read, write }) => [read, write]));
    if (error instanceof SyscallError) return { code: error.code, message: error.message };
    throw error;
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

function readerOf({ read }: Pipe): Readable {
  return new Socket({ fd: read, readable: true, writable: false });
}

/** Where a program's input goes in. */
function inputOf({ write: fd }: Pipe): Pick<Started, 'give' | 'close'> {
  let isOpen = true;
  let stream: Socket | undefined;
  const close = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  return {
    give(text, given) {
      if (Buffer.byteLength(text) > PIPE_TAKES_BYTES) {
        [stream, isOpen] = [new Socket({ fd, readable: false, writable: true }), false];
        // Not every program reads its input to the end: EPIPE is no error.
        stream.on('error', () => undefined);
        stream.end(text, (error?: Error | null) => {
          if (!error) given?.();
        });
        return;
      }
      const isTaken = takes(fd, text);
      close();
      if (isTaken && given) setImmediate(given);
    },
    close() {
      stream?.destroy();
      close();
    }
  };
}

/** Whether a program takes an input that its pipe has room for; one that has closed it does not. */
function takes(fd: number, text: string): boolean {
  try {
    writeSync(fd, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
    throw error;
  }
}
