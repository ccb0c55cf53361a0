import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { MooringError } from '../model/failure.ts';

/** The part of the environment that says where a user's files are. */
export type UserEnv = Readonly<Record<string, string | undefined>>;

/** A user's state directory: `$XDG_DATA_HOME/mooring`, else `~/.local/share/mooring`. */
export function userRoot(env: UserEnv): string {
  return join(baseOf(env, 'XDG_DATA_HOME', '.local/share'), 'mooring');
}

/** A user's conflists: `$XDG_CONFIG_HOME/cni/net.d`, else `~/.config/cni/net.d`. */
export function userConfDir(env: UserEnv): string {
  return join(baseOf(env, 'XDG_CONFIG_HOME', '.config'), 'cni/net.d');
}

/**
 * Where the socket of a private host is, on the host: `/run/user/1000/mooring`.
 *
 * Another state directory than the user's own has its hash in the name.
 */
export function runDirOf(runtimeDir: string, root: string, env: UserEnv): string {
  const isOwn = homeOf(env) !== undefined && root === userRoot(env);
  return join(runtimeDir, isOwn ? 'mooring' : `mooring.${hashOf(root)}`);
}

/**
 * A user's runtime directory, which a boot empties: the first of these that is the user's alone.
 *
 * `$XDG_RUNTIME_DIR`, `/run/user/<uid>`, `$TMPDIR/mooring-run-<uid>` and `~/rundir`, the last two
 * made when they are missing.
 *
 * @throws MooringError `rootless.noRuntimeDir`
 */
export function runtimeDirOf(env: UserEnv, uid: number): string {
  const given = env['XDG_RUNTIME_DIR'];
  const [fixed, made] = [
    [...(given === undefined ? [] : [given]), `/run/user/${uid}`],
    [join(env['TMPDIR'] ?? '/tmp', `mooring-run-${uid}`), ...homeDirs(env)]
  ];
  const found = fixed.find((dir) => isOurs(dir, uid)) ?? made.find((dir) => isMade(dir, uid));
  if (found !== undefined) return found;
  throw new MooringError(
    'rootless.noRuntimeDir',
    `no runtime directory of user ${uid} can be used: set XDG_RUNTIME_DIR to one that is the user's alone (mode 0700)`
  );
}

function homeDirs(env: UserEnv): readonly string[] {
  const home = homeOf(env);
  return home === undefined ? [] : [join(resolved(home), 'rundir')];
}

function baseOf(env: UserEnv, variable: string, below: string): string {
  const given = env[variable];
  // The XDG specification: a relative path is to be ignored.
  if (given !== undefined && isAbsolute(given)) return given;
  const home = homeOf(env);
  if (home !== undefined) return join(home, below);
  throw new MooringError(
    'rootless.noHome',
    `neither HOME nor ${variable} says where the user's files are`
  );
}

function homeOf(env: UserEnv): string | undefined {
  const home = env['HOME'];
  return home !== undefined && isAbsolute(home) ? home : undefined;
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isMade(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // What stands there, or why nothing can, is seen next.
  }
  return isOurs(path, uid);
}

function isOurs(path: string, uid: number): boolean {
  if (!isAbsolute(path)) return false;
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o777) === 0o700;
  } catch {
    return false;
  }
}

function hashOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 8);
}
