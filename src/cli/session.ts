import type { Deps, Interrupt } from './deps.ts';
import { EXIT, Interrupted, exitCodeOf, isInternal, messageOf, visible } from './errors.ts';
import { progressLine } from './progress.ts';
import type { ProgressLine } from './progress.ts';

/** One run of the command line: what it has said, and with which code it will end. */
export interface Session {
  readonly deps: Deps;
  /** Aborts with an {@link Interrupted} at the first SIGINT, SIGTERM or broken pipe. */
  readonly signal: AbortSignal;
  readonly progress: ProgressLine;
  /** Whether standard output may be coloured. */
  readonly coloured: boolean;
  /** Writes lines to standard output. */
  print(text: string): void;
  /** As `print`, waiting for a slow reader. */
  stream(text: string): Promise<void>;
  warn(message: string): void;
  /**
   * Reports an error and lets the command go on; the gravest decides the exit code.
   *
   * @param code instead of the error's own
   */
  fail(error: unknown, code?: number): void;
  /** The exit code of a command that succeeded in saying "no". */
  exitWith(code: number): void;
  /** Lets signals pass from now on: a child process is there to take them. */
  leaveSignals(): void;
  /** Stops listening. */
  end(): number;
}

/** @param showsStack whether internal errors come with their stack */
export function newSession(deps: Deps, showsStack: () => boolean): Session {
  const progress = progressLine(deps.stderr);
  const interrupts = listen(deps);
  let exitCode = 0;

  const raise = (code: number): void => {
    if (gravity(code) > gravity(exitCode)) exitCode = code;
  };
  const complain = (line: string): void => {
    progress.erase();
    deps.stderr.write(`${line}\n`);
  };

  return {
    deps,
    progress,
    signal: interrupts.signal,
    coloured: deps.stdout.isTty && !deps.env['NO_COLOR'],
    print(text) {
      progress.erase();
      deps.stdout.write(`${text}\n`);
    },
    async stream(text) {
      progress.erase();
      if (!deps.stdout.write(`${text}\n`)) await deps.stdout.drained(interrupts.signal);
    },
    warn: (message) => complain(`Warning: ${visible(message)}`),
    fail(error, code = exitCodeOf(error)) {
      raise(code);
      const message = messageOf(error);
      if (message !== undefined) complain(`Error: ${message}`);
      if (isInternal(error) && showsStack()) complain(stackOf(error));
    },
    exitWith: raise,
    leaveSignals: () => interrupts.leave(),
    end() {
      progress.stop();
      interrupts.end();
      return exitCode;
    }
  };
}

function listen(deps: Deps): { signal: AbortSignal; leave(): void; end(): void } {
  const controller = new AbortController();
  let left = false;
  const end = deps.onInterrupt((cause: Interrupt) => {
    if (left) return;
    const reason = new Interrupted(cause);
    // The second one comes from somebody who will not wait; recovery cleans up after it.
    if (controller.signal.aborted && cause !== 'EPIPE') deps.quit(exitCodeOf(reason));
    else controller.abort(reason);
  });
  return { signal: controller.signal, end, leave: () => void (left = true) };
}

// 1 says "unknown" only when nothing worse has happened, 2 "in use" likewise.
function gravity(code: number): number {
  const order = [0, EXIT.notFound, EXIT.inUse, EXIT.failed];
  const known = order.indexOf(code);
  return known === -1 ? order.length : known;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
