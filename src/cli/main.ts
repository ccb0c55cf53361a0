import { once } from 'node:events';
import { setPriority } from 'node:os';
import process from 'node:process';
import type { WriteStream } from 'node:tty';
import type { Deps, Interrupt, Output } from './deps.ts';
import { enter } from './enter.ts';
import { outsideOf } from './outside.ts';
import { run } from './program.ts';

/**
 * The command line of Mooring.
 *
 * @param argv with node and the script in front, as `process.argv`
 * @returns the exit code; let the process end by itself, so that its output is written out
 */
export async function main(argv: readonly string[]): Promise<number> {
  return run(argv.slice(2), processDeps());
}

function processDeps(): Deps {
  const listeners = new Set<(cause: Interrupt) => void>();
  const tell = (cause: Interrupt): void => listeners.forEach((listener) => listener(cause));
  onBrokenPipe(process.stdout, () => tell('EPIPE'));
  onBrokenPipe(process.stderr, () => {});
  return {
    library: () => import('../index.ts'),
    testing: () => import('../testing.ts'),
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    now: Date.now,
    onInterrupt(listener) {
      listeners.add(listener);
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => {
        listeners.delete(listener);
        process.off('SIGINT', listener).off('SIGTERM', listener);
      };
    },
    enter,
    ...(process.stdin.isTTY ? { ask } : {}),
    hurry,
    quit: (code) => process.exit(code),
    ...(process.geteuid!() === 0 ? {} : { outside: outsideOf(process.argv) })
  };
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // The end of the input is an answer too.
    const end = once(lines, 'close').then(() => '');
    return await Promise.race([lines.question(question, { signal }), end]);
  } finally {
    lines.close();
  }
}

/** The kernel gives it nine times what a program of the usual niceness gets. */
const NICENESS = -10;

function hurry(): void {
  try {
    setPriority(NICENESS);
  } catch (error) {
    // That is for root alone, and it goes without.
    if (!['EACCES', 'EPERM'].includes(reasonOf(error))) throw error;
  }
}

function reasonOf(error: unknown): string {
  const { info } = error as { readonly info?: { readonly code?: string } };
  return info?.code ?? '';
}

// It stays for good: the last of the output may fail after the command has ended.
function onBrokenPipe(stream: WriteStream, tell: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    tell();
  });
}

function outputOf(stream: WriteStream): Output {
  return {
    write: (text) => stream.write(text),
    async drained(signal) {
      await once(stream, 'drain', { signal });
    },
    isTty: stream.isTTY ?? false,
    columns: stream.columns ?? 80
  };
}
