import { ownHostMark } from '../../private-host/place.ts';
import { PROGRAM_PATH } from './program.ts';
import type { Started, StartRefusal } from './start.ts';

/** What a program is started with, under the rules for everything that is spawned. */
export interface Program {
  /** Absolute path; nothing is looked up in `PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** Besides a minimal `PATH` and `MOORING_OPERATION`; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Id of the request it is run for. Two processes at the same time need two ids,
   * as what is left of one is found by it.
   */
  readonly operation: string;
}

/** Starts it, with its stdin left open, or says why it can't be. */
export async function begin({
  file,
  args,
  env,
  operation
}: Program): Promise<Started | StartRefusal> {
  const { start } = await (loading ??= import('./start.ts'));
  const all = { ...env, ...ownHostMark(), PATH: PROGRAM_PATH, MOORING_OPERATION: operation };
  return start({ file, args, env: all });
}

// Importing it loads execa and libc, and many commands run nothing.
let loading: Promise<typeof import('./start.ts')> | undefined;
