import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tryFlock } from './flock.ts';
import { bindMountAll, shareMounts } from './mount.ts';
import { step, StepError } from './step.ts';

const LOCK_TRIES = 200;
const LOCK_PAUSE_MS = 10;

/**
 * Makes a directory whose mounts reach every mount namespace, as ip-netns(8) does.
 *
 * Many processes may do so at once: the first one mounts the directory on itself,
 * under a lock on it, and the others find it done.
 *
 * @throws {@link StepError} an errno's name; `badPath`: no directory; `locked`: for two seconds
 */
export async function ensureSharedDir(path: string): Promise<void> {
  step(`mkdir ${path}`, () => mkdirSync(path, { recursive: true, mode: 0o755 }));
  if (!lstatSync(path).isDirectory()) {
    throw new StepError('badPath', `${path} is a link, not a directory`);
  }
  if (share(path)) return;
  const fd = step(`open ${path}`, () => openSync(path, DIRECTORY));
  try {
    await lock(fd, path);
    if (!share(path)) mountOnItself(path);
  } finally {
    closeSync(fd);
  }
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function share(path: string): boolean {
  return step(`mount --make-rshared ${path}`, () => shareMounts(path));
}

function mountOnItself(path: string): void {
  step(`mount --rbind ${path} ${path}`, () => bindMountAll(path, path));
  if (!share(path)) throw new StepError('EINVAL', `mount --make-rshared ${path}: EINVAL`);
}

// The kernel tells nobody that a lock was freed, and waiting inside flock(2) would stop the loop.
async function lock(fd: number, path: string): Promise<void> {
  for (let tries = 0; !step(`lock ${path}`, () => tryFlock(fd, 'exclusive')); tries++) {
    if (tries === LOCK_TRIES) throw new StepError('locked', `${path} is locked by another process`);
    await delay(LOCK_PAUSE_MS);
  }
}
