import { ACQUIRE } from './acquire.ts';
import { ALLOCATE } from './allocate.ts';
import { COMMIT, FORGET, RESTORE } from './commit.ts';
import { DEFINE, RESERVE, UNDEFINE, UNRESERVE } from './networks.ts';
import { ANSWER, BEGIN, GIVE, PRESENCE } from './orders.ts';
import { RELEASE, RENEW } from './release.ts';
import type { Script } from './script.ts';
import { GIVE_BACK, TAKE_OVER } from './takeover.ts';

export type { Script } from './script.ts';

/** All that may be run on a server. */
export const SCRIPTS: readonly Script[] = [
  ACQUIRE,
  RENEW,
  RELEASE,
  COMMIT,
  RESTORE,
  FORGET,
  ALLOCATE,
  GIVE,
  BEGIN,
  ANSWER,
  PRESENCE,
  TAKE_OVER,
  GIVE_BACK,
  DEFINE,
  UNDEFINE,
  RESERVE,
  UNRESERVE
];
