import { ACQUIRE } from './acquire.ts';
import { ALLOCATE } from './allocate.ts';
import { COMMIT, FORGET, RESTORE } from './commit.ts';
import { RELEASE, RENEW } from './release.ts';
import type { Script } from './script.ts';

export type { Script } from './script.ts';

/** All that may be run on a server. */
export const SCRIPTS: readonly Script[] = [
  ACQUIRE,
  RENEW,
  RELEASE,
  COMMIT,
  RESTORE,
  FORGET,
  ALLOCATE
];
