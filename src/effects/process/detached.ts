import { spawn } from 'node:child_process';
import { reap, spawnProgram, SpawnError, type Program } from '../../syscalls/spawn.ts';
import { keepDescriptors } from './descriptors.ts';

/**
 * Starts a program that outlives us, in a session of its own.
 *
 * @returns its number; it runs by then
 * @throws Error saying why it could not be started
 */
export async function startDetached(program: Program): Promise<number> {
  reapDetached();
  keepDescriptors();
  try {
    const pid = spawnProgram(program);
    children.add(pid);
    return pid;
  } catch (error) {
    if (error instanceof SpawnError) throw error;
    return startByNode(program);
  }
}

/**
 * Takes the exits of those that have ended; else they stay in the table of processes as long as
 * we do. To be called whenever one is found to have ended.
 */
export function reapDetached(): void {
  for (const pid of children) if (reap(pid)) children.delete(pid);
}

const children = new Set<number>();

async function startByNode({ file, argv, env, fds = [] }: Program): Promise<number> {
  const [argv0 = file, ...args] = argv;
  const child = spawn(file, args, {
    argv0,
    cwd: '/',
    env: Object.fromEntries(env.map(variableOf)),
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', ...fds]
  });
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return child.pid!;
}

function variableOf(entry: string): readonly [string, string] {
  const at = entry.indexOf('=');
  return [entry.slice(0, at), entry.slice(at + 1)];
}
