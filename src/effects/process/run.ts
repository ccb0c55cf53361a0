import { setTimeout as delay } from 'node:timers/promises';
import { begin, type Program } from './begin.ts';
import { groupLives, killGroup } from './group.ts';
import { settleOrphans, settleSession } from './orphans.ts';
import { collect, drained } from './output.ts';
import type { Waiting } from './waiting.ts';

/** One program to run to its end, under the rules for everything that is spawned. */
export interface ProcessCommand extends Program {
  readonly stdin: string;
  /** The same program, started before; it is used if it still waits. */
  readonly waiting?: Waiting | undefined;
  /** Called once it runs and has all of its input: what takes long before that holds it up. */
  readonly onGiven?: (() => void) | undefined;
  /** Then it is ended: SIGTERM, and SIGKILL after `graceMs`. */
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Ends it the same way. */
  readonly signal: AbortSignal;
  /** Most it may write to stdout; 1 MiB unless given. */
  readonly stdoutMaxBytes?: number;
}

/** How it went; everything but a caller's mistake is told here and not thrown. */
export interface ProcessExit {
  /** `undefined` when a signal ended it, or it never ran. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  /** The first 1 MiB. */
  readonly stderr: string;
  readonly timedOut: boolean;
  /** It wrote more than it may to stdout and was ended; `stdout` holds what came before. */
  readonly outputTooLarge: boolean;
  readonly aborted: boolean;
  /** Why it could not be started. */
  readonly spawnError: { readonly code: string; readonly message: string } | undefined;
}

export type RunProcess = (command: ProcessCommand) => Promise<ProcessExit>;

/** Most that is kept of stdout and of stderr. */
export const OUTPUT_MAX_BYTES = 1024 * 1024;

// A grandchild may hold stdout open for ever; what the program itself wrote is in the pipe already.
const DRAIN_MS = 100;
// While a plugin is being installed its file is open for writing.
const BUSY_RETRY_MS = [25, 50, 100, 200, 400];

/**
 * Runs a program in a session of its own and waits until nothing of it is left.
 *
 * Its process group is ended with it; when it had to be stopped, or a grandchild
 * still holds its output, every process that carries the operation's id is.
 * A daemon that has left the session and closed its output lives on.
 */
export async function run(command: ProcessCommand): Promise<ProcessExit> {
  try {
    for (const retryMs of BUSY_RETRY_MS) {
      const exit = await runOnce(command);
      if (exit.spawnError?.code !== 'ETXTBSY' || command.signal.aborted) return exit;
      await delay(retryMs);
    }
    return await runOnce(command);
  } finally {
    await command.waiting?.discard();
  }
}

async function runOnce(command: ProcessCommand): Promise<ProcessExit> {
  const { signal } = command;
  if (signal.aborted) return { ...NOT_RUN, aborted: true };
  const started = (await command.waiting?.take()) ?? (await begin(command));
  if ('code' in started) return { ...NOT_RUN, spawnError: started };

  started.give(command.stdin, command.onGiven);
  const { pid } = started;
  const stopper = stopperOf(pid, command);
  const stdoutMaxBytes = command.stdoutMaxBytes ?? OUTPUT_MAX_BYTES;
  const stdout = collect(started.stdout, stdoutMaxBytes, () => stopper.stop('outputTooLarge'));
  const stderr = collect(started.stderr, OUTPUT_MAX_BYTES, () => {});
  const { exitCode, signal: endedBy } = await started.ended;
  stopper.end();
  const isAlone = await drained([stdout, stderr], DRAIN_MS);
  started.close();
  if (stopper.reason !== undefined || !isAlone) await settleOrphans(command.operation, KILL);
  else if (groupLives(pid)) await settleSession(pid);

  return {
    ...NOT_RUN,
    exitCode: exitCode ?? undefined,
    signal: endedBy ?? undefined,
    stdout: stdout.text(),
    stderr: stderr.text(),
    ...(stopper.reason !== undefined && { [stopper.reason]: true })
  };
}

const KILL = { mode: 'kill' } as const;

const NOT_RUN: ProcessExit = {
  exitCode: undefined,
  signal: undefined,
  stdout: '',
  stderr: '',
  timedOut: false,
  outputTooLarge: false,
  aborted: false,
  spawnError: undefined
};

type StopReason = 'timedOut' | 'aborted' | 'outputTooLarge';

/** Ends the group of `pid` for the first reason that comes up, until `end` is called. */
function stopperOf(pid: number, { timeoutMs, graceMs, signal }: ProcessCommand) {
  const state: { reason: StopReason | undefined } = { reason: undefined };
  let grace: NodeJS.Timeout | undefined;
  const stop = (reason: StopReason): void => {
    if (state.reason !== undefined) return;
    state.reason = reason;
    killGroup(pid, 'SIGTERM');
    grace = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
  };
  const onAbort = (): void => stop('aborted');
  const deadline = setTimeout(() => stop('timedOut'), timeoutMs);
  signal.addEventListener('abort', onAbort);
  return {
    get reason() {
      return state.reason;
    },
    stop,
    end(): void {
      clearTimeout(deadline);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
    }
  };
}
