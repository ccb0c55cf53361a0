import { unlinkSync } from 'node:fs';
import { detachMountOf } from './mount.ts';
import { isSameNetns, lookAt, type NetnsIdentity } from './nsfs.ts';
import { step, StepError } from './step.ts';

/** Each mount upon another may double them: a shared directory gives it back to the one below. */
const LAYERS_MAX = 1024;

/**
 * Takes a pinned netns away: every mount of it at `path`, then the file.
 *
 * What is absent is done; a plain file is what a creation left that was cut short.
 * Each mount is looked at before it goes, and the one that was looked at goes.
 *
 * @param expected the only netns that may be taken away; `null` for whatever stands there
 * @throws {@link StepError} `replaced`: another netns, `badPath`: a link or no file at all; untouched
 */
export function unpinNetns(path: string, expected: NetnsIdentity | null): void {
  for (let layer = 0; layer < LAYERS_MAX; layer++) {
    if (takeTop(path, expected) === 'gone') return;
  }
  throw new StepError('stacked', `${path} has more than ${LAYERS_MAX} mounts upon each other`);
}

function takeTop(path: string, expected: NetnsIdentity | null): 'gone' | 'uncovered' {
  return lookAt(path, (fd, found) => {
    switch (found.kind) {
      case 'absent':
        return 'gone';
      case 'plain':
        step(`unlink ${path}`, () => unlink(path));
        return 'gone';
      case 'netns':
        if (expected !== null && !isSameNetns(found, expected)) throw replaced(path);
        step(`umount ${path}`, () => detachMountOf(fd));
        return 'uncovered';
      default:
        throw new StepError(
          'badPath',
          `${path} is ${found.kind === 'symlink' ? 'a symbolic link' : 'no regular file'}`
        );
    }
  });
}

export function replaced(path: string): StepError {
  return new StepError('replaced', `${path} is another netns by now`);
}

function unlink(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
}
