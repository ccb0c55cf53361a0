import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import type { RunTool } from '../firewall/iptables.ts';
import { run, type RunProcess } from './run.ts';

// A host's whole rule set: some 100 bytes a rule.
const STDOUT_MAX_BYTES = 64 * 1024 * 1024;
const TOOL_DIRS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export interface ToolLimits {
  readonly pluginTimeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Runs the programs; with no notes of them unless given. */
  readonly run?: RunProcess;
}

/** Runs programs of the host, found in the system's own directories and nowhere else. */
export function hostTool({ pluginTimeoutMs, graceMs, run: runProgram = run }: ToolLimits): RunTool {
  return async (name, args, { stdin, operation, signal }) => {
    const file = findTool(name);
    if (file === undefined) return undefined;
    const exit = await runProgram({
      file,
      args,
      env: {},
      stdin,
      operation,
      timeoutMs: pluginTimeoutMs,
      graceMs,
      signal,
      stdoutMaxBytes: STDOUT_MAX_BYTES
    });
    const { spawnError, timedOut, outputTooLarge, aborted, ...rest } = exit;
    if (spawnError)
      throw new MooringError(`process.${spawnError.code}`, `${name}: ${spawnError.message}`);
    if (timedOut)
      throw new MooringError('process.timedOut', `${name} took over ${pluginTimeoutMs} ms`);
    if (outputTooLarge)
      throw new MooringError('process.outputTooLarge', `${name} wrote over 64 MiB`);
    if (aborted) throw new MooringError('process.aborted', `${name} was stopped`);
    return rest;
  };
}

/** Whether {@link hostTool} would find the program. */
export function hasTool(name: string): boolean {
  return findTool(name) !== undefined;
}

/** @returns absolute path of a program in the system's own directories, if it is installed */
export function findTool(name: string): string | undefined {
  return TOOL_DIRS.map((dir) => join(dir, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
