import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environOf, markOf, type SupervisorConfig } from './config.ts';

/** Descriptor on which a supervisor tells once that it serves, or why it can't. */
export const READY_FD = 3;

/** Names this process and its like in `ps`. */
const NAME = 'mooring-guard';

/**
 * Keeps the namespaces, and starts the supervisor again when it was killed: at once, and later the
 * later the more often. One that ends by itself is not started again.
 *
 * $1 first or heir, $2 the file without which there is nothing to go on from, then the command.
 * An heir takes over from a guard that was killed: it waits until the supervisor, which holds the
 * other end of its input, is gone too.
 */
const LOOP = `
mode=$1 mark=$2 pause=0; shift 2
export MOORING_GUARD=$$
if [ "$mode" = first ]; then
  MOORING_READY=1 "$@" 2>/dev/null & exec 3>&- 2>/dev/null
  wait $!; code=$?
else
  read -r word; [ "$word" = over ] && exit 0
  code=1
fi
exec </dev/null
while [ $code -ne 0 ] && [ -e "$mark" ]; do
  sleep $pause
  began=$(date +%s)
  "$@" 2>/dev/null; code=$?
  if [ $(($(date +%s) - began)) -ge 10 ]; then pause=0
  elif [ $pause -lt 8 ]; then pause=$((pause * 2 + 1)); fi
done
exit $code`;

export interface GuardStart {
  readonly config: SupervisorConfig;
  /** What makes the namespaces it keeps, as arguments in front of a command; `[]`: ours. */
  readonly within: readonly string[];
  /** Descriptor of the lock file, which is inherited. */
  readonly lockFd: number;
}

/** Starts a guard and its first supervisor; `stderr` and {@link READY_FD} of the child are pipes. */
export function startGuard({ config, within, lockFd }: GuardStart): ChildProcess {
  return spawnGuard(config, within, 'first', ['ignore', 'ignore', 'pipe', 'pipe', lockFd]);
}

/** Starts one for a supervisor that has lost its own; `stdin` is to be held until the end. */
export function startHeir(config: SupervisorConfig, lockFd: number): ChildProcess {
  return spawnGuard(config, [], 'heir', ['pipe', 'ignore', 'ignore', 'ignore', lockFd]);
}

function spawnGuard(
  config: SupervisorConfig,
  within: readonly string[],
  mode: 'first' | 'heir',
  stdio: StdioOptions
): ChildProcess {
  const loop = ['sh', '-c', LOOP, NAME, mode, markOf(config)];
  // It hears when its guard has died.
  const supervisor = ['setpriv', '--pdeathsig', 'USR2', '--', process.execPath, MAIN];
  const [file, ...args] = [...within, ...loop, ...supervisor];
  return spawn(file!, args, { cwd: '/', env: environOf(config), detached: true, stdio });
}

// The built file beside this one, or its source where Node runs TypeScript.
const MAIN = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
