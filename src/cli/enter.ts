import { spawn } from 'node:child_process';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import process from 'node:process';
import type { Netns } from '../index.ts';
import type { EnterTarget } from './deps.ts';
import { CliError } from './errors.ts';

/**
 * Runs a command inside a container's netns with this process's standard streams.
 *
 * What nsenter joins is the file that was checked, even if the path is replaced meanwhile.
 * As ip-netns(8) does with files of `/etc/netns`, those of the container are mounted over
 * the host's in a mount namespace that the command has for itself; mounts that the host makes
 * later reach it. One whose place does not exist is left out: a mount needs something below it.
 *
 * @returns its exit code, 128 + n when signal n ended it
 * @throws CliError `netns.gone`, `netns.replaced`, `exec.nsenter`
 */
export async function enter(target: EnterTarget, command: readonly string[]): Promise<number> {
  const { netns } = target;
  const file = await opened(netns.path);
  try {
    await verify(file, netns);
    const net = `--net=/proc/${process.pid}/fd/${file.fd}`;
    return await run(net, [...(await furnished(target)), ...command]);
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { message } = error as Error;
    throw new CliError('netns.gone', `the network namespace cannot be opened: ${message}`);
  }
}

async function verify(file: FileHandle, { path, device, inode }: Netns): Promise<void> {
  const { dev, ino } = await file.stat({ bigint: true });
  if (String(dev) === device && String(ino) === inode) return;
  throw new CliError(
    'netns.replaced',
    `${path} is not the network namespace that was recorded: it is ${dev}:${ino}, not ${device}:${inode}`
  );
}

/** What goes before a command so that it sees the container's files and name; empty without any. */
async function furnished({ files, hostname }: EnterTarget): Promise<readonly string[]> {
  const mounts = [
    ...(await mountOf(files?.resolvConf, '/etc/resolv.conf')),
    ...(await mountOf(files?.hosts, '/etc/hosts'))
  ];
  if (mounts.length === 0 && hostname === undefined) return [];
  const uts = hostname === undefined ? [] : ['--uts'];
  const unshare = ['unshare', '--mount', '--propagation', 'slave', ...uts, '--'];
  return [
    ...unshare,
    'sh',
    '-euc',
    FURNISH,
    'sh',
    hostname ?? '',
    String(mounts.length / 2),
    ...mounts
  ];
}

// $1 hostname, $2 count of mounts, then source and target of each, then the command.
const FURNISH = `
if [ -n "$1" ]; then echo "$1" >/proc/sys/kernel/hostname; fi
left=$2; shift 2
while [ "$left" -gt 0 ]; do mount --bind "$1" "$2"; shift 2; left=$((left - 1)); done
set +eu
exec "$@"`;

// A link, as systemd-resolved keeps it, is followed to the file that is read.
async function mountOf(
  source: string | null | undefined,
  path: string
): Promise<readonly string[]> {
  if (source === null || source === undefined) return [];
  const target = await realpath(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return target === undefined ? [] : [source, target];
}

function run(net: string, command: readonly string[]): Promise<number> {
  const child = spawn('nsenter', [net, '--', ...command], { stdio: 'inherit' });
  // A terminal sends SIGINT to the child as well, but SIGTERM reaches only whom it is sent to.
  const forward = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', forward);
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(spawnFailure(error)));
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  }).finally(() => process.off('SIGTERM', forward));
}

function spawnFailure(error: NodeJS.ErrnoException): CliError {
  const reason =
    error.code === 'ENOENT'
      ? 'it is not installed, apt-get install util-linux gets it'
      : error.message;
  return new CliError('exec.nsenter', `nsenter cannot be run: ${reason}`);
}
