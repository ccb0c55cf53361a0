import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import { run } from '../effects/process/run.ts';
import { findTool } from '../effects/process/tool.ts';
import { MooringError } from '../model/failure.ts';
import { HOST_NETNS } from '../private-host/mount-plan.ts';
import { environOf, type SupervisorConfig } from './config.ts';

/** Why it is asked for, in the environment of the program that asks. */
export const BECAUSE = 'MOORING_ASKED_BECAUSE';

export type Asked = 'repair' | 'refresh';

const TIMEOUT_MS = 120_000;
const GRACE_MS = 2_000;

// The built file beside this one, or its source where Node runs TypeScript.
const PROGRAM = fileURLToPath(
  new URL(`./asks-containers${extname(import.meta.url)}`, import.meta.url)
);

/**
 * Has containers look at their way out, or write their files again.
 *
 * In a program of its own, as the supervisor is not where their networks are.
 *
 * @throws MooringError `supervisor.askFailed`
 */
export async function askContainers(
  { config, signal }: { readonly config: SupervisorConfig; readonly signal: AbortSignal },
  asked: Asked,
  ids: readonly string[],
  because: string
): Promise<void> {
  const nsenter = findTool('nsenter') ?? 'nsenter';
  const within = config.host === null ? [] : [nsenter, `--net=${HOST_NETNS}`, '--'];
  const [file, ...args] = [...within, process.execPath, PROGRAM, asked, ...ids];
  const exit = await run({
    file: file!,
    args,
    env: { ...environOf(config), [BECAUSE]: because },
    stdin: '',
    operation: nanoid(),
    timeoutMs: TIMEOUT_MS,
    graceMs: GRACE_MS,
    signal
  });
  if (exit.exitCode === 0 || exit.aborted) return;
  const reason = exit.spawnError?.message ?? exit.stderr.trim().split('\n').at(-1) ?? '';
  throw new MooringError('supervisor.askFailed', `${asked} of ${ids.join(', ')}: ${reason}`);
}
