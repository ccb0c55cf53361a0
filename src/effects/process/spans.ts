import { basename } from 'node:path';
import { excerptOf, SPANS_MAX, WAIT_MIN_MS, type Span, type WaitSpan } from '../../model/span.ts';
import type { ProcessCommand, ProcessExit, RunProcess } from './run.ts';

/** What is run and waited for, by the request it is for, until its answer is recorded. */
export interface Spans {
  /** From now on what is noted for the request is kept. */
  begin(operation: string): void;
  /** For a request that was not begun nothing is kept. */
  note(operation: string, span: Span): void;
  /** What was noted since `begin`, oldest first; afterwards nothing is kept for it. */
  take(operation: string): readonly Span[];
}

export function spanNotes(): Spans {
  const notes = new Map<string, Span[]>();
  return {
    begin: (operation) => void notes.set(operation, []),
    note(operation, span) {
      const kept = notes.get(operation);
      if (kept !== undefined && kept.length < SPANS_MAX) kept.push(span);
    },
    take(operation) {
      const kept = notes.get(operation) ?? [];
      notes.delete(operation);
      return kept;
    }
  };
}

/** How much is kept of each text: a plugin's are JSON of a few hundred bytes, a rule set may be large. */
const KEPT = { plugin: 8_192, tool: 512 } as const;

/** Runs programs and notes each run. */
export function notedRun(run: RunProcess, spans: Spans, now: () => number): RunProcess {
  return async (command) => {
    const begunAt = now();
    const begun = performance.now();
    const exit = await run(command);
    const tookMs = since(begun);
    spans.note(command.operation, runSpan(command, exit, { begunAt, tookMs }));
    return exit;
  };
}

/** Waits for something that several share, and notes how long when it was not free. */
export function notedWait(
  spans: Spans,
  now: () => number,
  on: WaitSpan['on']
): (operation: string) => () => void {
  return (operation) => {
    const begunAt = now();
    const begun = performance.now();
    return () => {
      const tookMs = since(begun);
      if (tookMs >= WAIT_MIN_MS) spans.note(operation, { kind: 'wait', on, begunAt, tookMs });
    };
  };
}

function runSpan(
  { file, args, env, stdin }: ProcessCommand,
  exit: ProcessExit,
  times: { readonly begunAt: number; readonly tookMs: number }
): Span {
  const plugin = env['CNI_COMMAND'];
  const most = plugin === undefined ? KEPT.tool : KEPT.plugin;
  const stopped = stoppedBy(exit);
  return {
    kind: 'run',
    program: basename(file),
    command: plugin ?? excerptOf(args.join(' '), KEPT.tool).text,
    ...times,
    exitCode: exit.exitCode ?? null,
    ...(stopped !== undefined && { stopped }),
    stdin: excerptOf(stdin, most),
    stdout: excerptOf(exit.stdout, most),
    stderr: excerptOf(exit.stderr, most)
  };
}

function stoppedBy(exit: ProcessExit): string | undefined {
  if (exit.timedOut) return 'timedOut';
  if (exit.outputTooLarge) return 'outputTooLarge';
  if (exit.aborted) return 'aborted';
  return exit.spawnError?.code ?? exit.signal;
}

function since(begun: number): number {
  return Math.round((performance.now() - begun) * 100) / 100;
}
