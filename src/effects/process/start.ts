import type { Readable } from 'node:stream';
import { execa } from 'execa';
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

// What execa would do besides with output, deadlines and what is left of it, `run` does by its own rules.
const OPTIONS = {
  extendEnv: false,
  cwd: '/',
  detached: true,
  cleanup: false,
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  forceKillAfterDelay: false
} as const;

/** Starts a program, or says why it can't be. */
export async function start(command: StartCommand): Promise<Started | StartRefusal> {
  const { file, args, env } = command;
  keepDescriptors();
  const child = execa(file, args, { ...OPTIONS, env });
  if (child.pid === undefined) {
    const { code, originalMessage } = await child;
    return { code: code ?? 'EUNKNOWN', message: originalMessage ?? 'it could not be started' };
  }
  // Not every program reads its input to the end: EPIPE is no error.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    }),
    give(stdin, given) {
      child.stdin.end(stdin, (error?: Error | null) => {
        if (!error) given?.();
      });
    },
    close() {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    }
  };
}
