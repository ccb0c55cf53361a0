import { parseCniError, type CniErrorObject } from '../../model/cni-args.ts';
import { MooringError, oneLine } from '../../model/failure.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Program } from '../process/begin.ts';
import type { ProcessCommand, ProcessExit, RunProcess } from '../process/run.ts';

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'VERSION';

export interface PluginLimits {
  /** How long one plugin may run for one command. */
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

/** All six, as plugins expect them, empty when they say nothing. */
export interface CniEnv {
  readonly CNI_COMMAND: CniCommand;
  readonly CNI_CONTAINERID: string;
  readonly CNI_NETNS: string;
  readonly CNI_IFNAME: string;
  readonly CNI_ARGS: string;
  readonly CNI_PATH: string;
  /** What podman tells its plugin podman-machine at ADD. */
  readonly PODMAN_MACHINE_HOST?: string;
}

/** One run of one plugin. */
export interface PluginCall extends Pick<ProcessCommand, 'waiting' | 'onGiven'> {
  readonly type: string;
  /** Absolute path of its binary. */
  readonly file: string;
  readonly command: CniCommand;
  readonly env: CniEnv;
  readonly stdin: JsonObject;
  readonly limits: PluginLimits;
  readonly operation: string;
  readonly signal: AbortSignal;
}

export interface PluginAnswer {
  readonly stdout: string;
  /** What it logged although it succeeded. */
  readonly stderr: string;
}

/**
 * Runs a plugin's binary.
 *
 * @throws MooringError `cni.<number>` with the plugin's own code, `cni.0` when it gave none;
 *   `cni.badOutput`, `cni.outputTooLarge`, `cni.timedOut`, `cni.killed`, `cni.aborted`, `cni.notStarted`.
 *   The message begins with the plugin's type.
 * @see CNI specification 1.1.0, section 2, "Execution protocol"
 */
export async function execPlugin(run: RunProcess, call: PluginCall): Promise<PluginAnswer> {
  const { waiting, onGiven, signal, limits } = call;
  const exit = await run({
    ...programOf(call),
    stdin: JSON.stringify(call.stdin),
    waiting,
    onGiven,
    signal,
    ...limits
  });
  const problem = stoppedError(call, exit) ?? exitError(call, exit);
  if (problem) throw problem;
  return { stdout: exit.stdout, stderr: exit.stderr };
}

/** What is started for a call: all but its input. */
export function programOf({
  file,
  env,
  operation
}: Pick<PluginCall, 'file' | 'env' | 'operation'>): Program {
  return { file, args: [], env: { ...env }, operation };
}

/** Its own error object, printed although its exit status says success. */
export function refusedError(
  { type, command }: PluginCall,
  stdout: string
): MooringError | undefined {
  const error = parseCniError(stdout);
  if (error === undefined || error.code === 0 || error.msg === '') return undefined;
  return refused(type, command, error);
}

function stoppedError(call: PluginCall, exit: ProcessExit): MooringError | undefined {
  const { type, command, file, limits } = call;
  if (exit.spawnError) {
    const { code, message } = exit.spawnError;
    return new MooringError(
      'cni.notStarted',
      `${type} can't be run from ${file}: ${code} ${message}`
    );
  }
  if (exit.aborted) {
    return new MooringError('cni.aborted', `${type} was stopped during ${command}`);
  }
  if (exit.timedOut) {
    const text = `${type} did not answer ${command} within ${limits.timeoutMs} ms and was stopped`;
    return new MooringError('cni.timedOut', withStderr(text, exit));
  }
  if (exit.outputTooLarge) {
    const text = `${type} printed more than 1 MiB on ${command} and was stopped`;
    return new MooringError('cni.outputTooLarge', text);
  }
  if (exit.signal !== undefined) {
    const text = `${type} was killed by ${exit.signal} during ${command}`;
    return new MooringError('cni.killed', withStderr(text, exit));
  }
  return undefined;
}

function exitError({ type, command }: PluginCall, exit: ProcessExit): MooringError | undefined {
  const { exitCode, stdout, stderr } = exit;
  if (exitCode === 0) return undefined;
  const status = `exit status ${exitCode}`;
  if (stdout.trim() === '') {
    return refused(type, command, { code: 0, msg: stderr, details: status });
  }
  const error = parseCniError(stdout);
  if (error === undefined) {
    const text = `${type} failed on ${command} (${status}) and printed no JSON: ${excerpt(stdout)}`;
    return new MooringError('cni.badOutput', withStderr(text, exit));
  }
  const { code, msg, details } = error;
  if (msg !== '') return refused(type, command, error);
  return refused(type, command, { code, msg: details || stderr, details: status });
}

function refused(
  type: string,
  command: CniCommand,
  { code, msg, details }: CniErrorObject
): MooringError {
  const reason = excerpt(msg) || 'it gave no reason';
  const more = details === '' ? '' : ` (${excerpt(details)})`;
  return new MooringError(`cni.${code}`, `${type} refused ${command}: ${reason}${more}`);
}

function withStderr(text: string, { stderr }: ProcessExit): string {
  const said = excerpt(stderr);
  return said === '' ? text : `${text}; it logged: ${said}`;
}

const EXCERPT_MAX_CHARS = 500;

/** Enough of a plugin's text to understand it; it may have printed a megabyte. */
export function excerpt(text: string): string {
  const line = oneLine(text.slice(0, EXCERPT_MAX_CHARS * 4));
  return line.length <= EXCERPT_MAX_CHARS ? line : `${line.slice(0, EXCERPT_MAX_CHARS)}…`;
}
