import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '../../model/failure.ts';
import type { RunProcess } from '../process/run.ts';
import type { RunTool } from './iptables.ts';

const DIRS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
// iptables waits up to 5 s for its lock.
const TIMEOUT_MS = 30_000;
const GRACE_MS = 1_000;

/** Runs tools of the host by the process runner, found in the system's directories only. */
export function hostTool(run: RunProcess): RunTool {
  return async (name, args, { stdin, operation, signal }) => {
    const file = await findTool(name);
    if (file === undefined) return undefined;
    const limits = { timeoutMs: TIMEOUT_MS, graceMs: GRACE_MS };
    const exit = await run({ file, args, env: {}, stdin, operation, signal, ...limits });
    signal.throwIfAborted();
    if (exit.spawnError !== undefined) {
      throw new MooringError(`firewall.${exit.spawnError.code}`, `${name}: ${exit.spawnError.message}`);
    }
    if (exit.timedOut) throw new MooringError('firewall.timedOut', `${name}: no answer in ${TIMEOUT_MS} ms`);
    if (exit.outputTooLarge) throw new MooringError('firewall.tooLarge', `${name}: its answer is too long`);
    return exit;
  };
}

async function findTool(name: string): Promise<string | undefined> {
  for (const dir of DIRS) {
    const file = join(dir, name);
    if (await access(file, constants.X_OK).then(() => true, () => false)) return file;
  }
  return undefined;
}
