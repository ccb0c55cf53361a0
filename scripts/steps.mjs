import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Directory of the checkout, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export function say(line) {
  process.stdout.write(`mooring set-up: ${line}\n`);
}

/** Ends the process with one line. */
export function fail(line) {
  process.stderr.write(`mooring set-up: ${line}\n`);
  process.exit(1);
}

/** Runs a program in the checkout with its output shown; ends the process when it fails. */
export function run(program, args, what, env = {}) {
  const { status, signal, error } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env }
  });
  if (status === 0) return;
  fail(`${what} did not succeed: ${error?.message ?? signal ?? `exit code ${status}`}`);
}
