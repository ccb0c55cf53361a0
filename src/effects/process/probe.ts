import { statSync } from 'node:fs';
import { nanoid } from 'nanoid';
import { MooringError, oneLine } from '../../model/failure.ts';
import { run } from './run.ts';

const TIMEOUT_MS = 10_000;
const GRACE_MS = 1_000;

/** Asks a program about itself, and only once for one state of its file. */
export interface Probe<Answer> {
  /**
   * @param path absolute
   * @throws MooringError
   */
  (path: string): Promise<Answer>;
}

/**
 * Remembers answers by path, time and size of the file.
 *
 * @param ask is not repeated while it goes on; a failure is not remembered
 */
export function remembered<Answer>(ask: (path: string) => Promise<Answer>): Probe<Answer> {
  const known = new Map<string, { readonly state: string; readonly answer: Promise<Answer> }>();
  return (path) => {
    const state = stateOf(path);
    const before = known.get(path);
    if (before?.state === state) return before.answer;
    const answer = ask(path);
    known.set(path, { state, answer });
    answer.catch(() => known.delete(path));
    return answer;
  };
}

/**
 * Runs `<path> <option>`.
 *
 * @param how.code of the error when it can't be run, or says no
 * @param how.good exit codes of an answer
 * @returns what it wrote to both, stdout first
 * @throws MooringError
 */
export async function sayOf(
  path: string,
  option: string,
  { code, good }: { readonly code: string; readonly good: readonly number[] }
): Promise<string> {
  const exit = await run({
    file: path,
    args: [option],
    env: {},
    stdin: '',
    operation: nanoid(),
    timeoutMs: TIMEOUT_MS,
    graceMs: GRACE_MS,
    signal: new AbortController().signal
  });
  const said = `${exit.stdout}${exit.stderr}`;
  if (exit.exitCode !== undefined && good.includes(exit.exitCode)) return said;
  const why = exit.spawnError?.message ?? (exit.timedOut ? 'no answer' : JSON.stringify(said));
  throw new MooringError(code, `${path} ${option}: ${oneLine(why).slice(0, 300)}`);
}

// One that can't be looked at is asked, and says itself what is wrong with it.
function stateOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'unknown';
  }
}
