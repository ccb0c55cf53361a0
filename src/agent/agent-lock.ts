import { closeSync, constants, openSync, readFileSync, writeSync, ftruncateSync } from 'node:fs';
import { MooringError } from '../model/failure.ts';
import { tryFlock } from '../syscalls/flock.ts';

/**
 * Makes this process the agent of a state directory; the kernel frees it when the process dies.
 *
 * @param path absolute; the file is made when it is missing, and holds the pid of the agent
 * @returns what gives it up
 * @throws MooringError `agent.running` naming the other process
 */
export function takeAgentLock(path: string): () => void {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  if (!tryFlock(fd, 'exclusive')) {
    const pid = readFileSync(fd, 'utf8').trim();
    closeSync(fd);
    throw new MooringError(
      'agent.running',
      `an agent is running already${pid === '' ? '' : `, process ${pid}`} (it holds ${path})`
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => {
    ftruncateSync(fd);
    closeSync(fd);
  };
}
