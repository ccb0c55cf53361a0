import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { constants } from 'node:os';
import { errorOf, failureOf, MooringError } from '../model/failure.ts';
import type { PrivateHost } from '../model/private-host.ts';
import { findSupervisor, type Found } from '../supervisor/find.ts';
import { makeDirectories } from '../syscalls/make-directories.ts';
import { runDirOf, runtimeDirOf, type UserEnv } from './directories.ts';
import { HOST_NETNS } from './mount-plan.ts';
import {
  APPARMOR,
  apparmorRestricts,
  currentUser,
  lackError,
  lacks,
  PRECONDITION_PATHS
} from './preconditions.ts';

export interface LaunchOptions {
  /** State directory, absolute. */
  readonly root: string;
  readonly store: string;
  readonly hostName: string | undefined;
  readonly confDir: string;
  readonly allowVulnerableSlirp: boolean;
  readonly env: UserEnv;
  /** Called once the command runs: signals are its business from then on. */
  readonly onStart: () => void;
}

/** Longer paths of sockets are cut off by the kernel. */
const SOCKET_PATH_MAX_BYTES = 107;

/**
 * Runs a command as root of the user's private host, with this process's standard streams.
 *
 * The private host is made when there is none. It stays while the command runs, and as long as
 * anything in it is up; else it is gone when this resolves.
 *
 * @returns the command's exit code, 128 + n when signal n ended it
 * @throws MooringError `rootless.…` naming what is missing and how to get it
 */
export async function runInside(
  command: readonly string[],
  options: LaunchOptions
): Promise<number> {
  const found = await findHost(options);
  try {
    const child = startInside(found, command, options.env);
    options.onStart();
    return await ended(child);
  } finally {
    await found.leave();
  }
}

/** @throws MooringError `store.EACCES` and the like */
function makeRoot(root: string): void {
  try {
    makeDirectories(root, 0o700);
  } catch (error) {
    throw errorOf(failureOf(error, 'store', `making state directory ${root}`), error);
  }
}

async function findHost(options: LaunchOptions): Promise<Found> {
  const { root, store, hostName, confDir, env, allowVulnerableSlirp } = options;
  makeRoot(root);
  const runDir = runDirOf(runtimeDirOf(env, process.getuid!()), root, env);
  const host: PrivateHost = {
    ...{ id: randomBytes(16).toString('hex'), root, store, confDir, runDir }
  };
  checkLength(runDir);
  const config = { host, root, store, hostName, runDir, allowVulnerableSlirp };
  const first = await findSupervisor({ config });
  const found = first ?? (await make(config));
  if (found.hello.store === store) return found;
  await found.leave();
  throw new MooringError(
    'rootless.otherStore',
    `the private host of ${root} keeps its state elsewhere: it was made with another store`
  );
}

async function make(config: Parameters<typeof findSupervisor>[0]['config']): Promise<Found> {
  const [lack] = lacks(currentUser(), PRECONDITION_PATHS);
  if (lack !== undefined) throw lackError(lack);
  makeDirectories(config.runDir, 0o700);
  try {
    const start = { within: NAMESPACES, doing: 'making user and mount namespaces' };
    // With a start it is found or an error is thrown.
    return (await findSupervisor({ config, start }))!;
  } catch (error) {
    forget(config.runDir);
    if (!apparmorRestricts(PRECONDITION_PATHS) || !(error instanceof MooringError)) throw error;
    throw new MooringError(
      error.code,
      `${error.message}; ${APPARMOR} is 1, which may be why: sudo sysctl -w ${APPARMOR}=0`,
      { cause: error }
    );
  }
}

/** A directory that nothing is in, and that nobody will take away. */
function forget(runDir: string): void {
  try {
    rmdirSync(runDir);
  } catch {
    // Somebody else's is in it.
  }
}

// What the host mounts and unmounts later is seen, and nothing of ours is seen there.
const NAMESPACES = [
  'unshare',
  '--user',
  '--map-auto',
  '--map-root-user',
  '--mount',
  '--propagation',
  'slave',
  '--'
];

// A directory that is hidden there must not keep a command from running.
const IN_DIRECTORY = 'cd "$0" 2>/dev/null; exec "$@"';

function startInside({ hello }: Found, command: readonly string[], env: UserEnv): ChildProcess {
  const { pid } = hello.guard;
  const netns = `--net=/proc/${pid}/root${HOST_NETNS}`;
  const enter = ['--target', String(pid), '--user', '--mount', netns, '--'];
  const here = ['sh', '-c', IN_DIRECTORY, process.cwd()];
  // When this process is killed, the command is told to end.
  const bound = ['setpriv', '--pdeathsig', 'TERM', '--'];
  return spawn('nsenter', [...enter, ...here, ...bound, ...command], {
    env: { ...env, PATH: withSystemDirs(env['PATH']) },
    stdio: 'inherit'
  });
}

/** A user's PATH often lacks where `iptables` and `ip` are. */
export function withSystemDirs(path: string | undefined): string {
  const given = (path ?? '').split(':').filter((dir) => dir !== '');
  const missing = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter((dir) => !given.includes(dir));
  return [...given, ...missing].join(':');
}

async function ended(child: ChildProcess): Promise<number> {
  // A terminal sends SIGINT to the command as well.
  const stay = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', stay).on('SIGTERM', pass).on('SIGHUP', pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', ({ message }) => {
        reject(new MooringError('rootless.failed', `entering the private host: ${message}`));
      });
      child.once('exit', (code, signal) => {
        resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
      });
    });
  } finally {
    process.off('SIGINT', stay).off('SIGTERM', pass).off('SIGHUP', pass);
  }
}

function checkLength(runDir: string): void {
  const bytes = Buffer.byteLength(`${runDir}/supervisor.sock`);
  if (bytes <= SOCKET_PATH_MAX_BYTES) return;
  throw new MooringError(
    'rootless.longPath',
    `${runDir}/supervisor.sock has ${bytes} bytes, a socket's path has ${SOCKET_PATH_MAX_BYTES} at most: set XDG_RUNTIME_DIR to a shorter path`
  );
}
