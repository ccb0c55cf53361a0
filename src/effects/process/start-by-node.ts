import { execa } from 'execa';
import { keepDescriptors } from './descriptors.ts';
import type { StartCommand, Started } from './start.ts';

const OPTIONS = {
  extendEnv: false,
  cwd: '/',
  detached: true,
  cleanup: false,
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  forceKillAfterDelay: false
} as const;

/** Starts a program as `start` does, where that can't be: at the price of a copy of our memory's map. */
export async function startByNode({
  file,
  args,
  env,
  stdin
}: StartCommand): Promise<Started | { readonly code: string; readonly message: string }> {
  keepDescriptors();
  const child = execa(file, args, { ...OPTIONS, env });
  if (child.pid === undefined) {
    const { code, originalMessage } = await child;
    return { code: code ?? 'EUNKNOWN', message: originalMessage ?? 'it could not be started' };
  }
  // Not every program reads its input to the end: EPIPE is no error.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    }),
    close() {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    }
  };
}
