import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import process from 'node:process';
import type { Netns } from '../index.ts';
import { CliError } from './errors.ts';

/**
 * Runs a command inside a netns with this process's standard streams.
 *
 * What nsenter joins is the file that was checked, even if the path is replaced meanwhile.
 *
 * @returns its exit code, 128 + n when signal n ended it
 * @throws CliError `netns.gone`, `netns.replaced`, `exec.nsenter`
 */
export async function enter(netns: Netns, command: readonly string[]): Promise<number> {
  const file = await opened(netns.path);
  try {
    await verify(file, netns);
    return await run(`--net=/proc/${process.pid}/fd/${file.fd}`, command);
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
