import { closeSync, constants, openSync } from 'node:fs';
import { SyscallError } from './libc.ts';
import { enterNetns, unshareNetns } from './namespaces.ts';
import { inspect, isSameNetns, type NetnsIdentity } from './nsfs.ts';
import { step, StepError } from './step.ts';
import { replaced } from './unpin.ts';

// For worker threads alone. Only synchronous calls see the thread's netns, and a thread that
// Node starts meanwhile would inherit it: so nothing here is awaited.

/** The netns of the calling thread. */
export const OWN_NETNS = '/proc/thread-self/ns/net';

// A FIFO that stands there must not stop the thread.
const FOLLOW = constants.O_RDONLY | constants.O_NONBLOCK;

/** A descriptor of the netns that the thread began in. */
export const hostNetns = openSync(OWN_NETNS, constants.O_RDONLY);

// In a user namespace the host's netns is another's, and who has left it can't come back: then the
// thread goes to an empty one of its own.
const homeNetns = mayReturn() ? hostNetns : ownNetns();

/**
 * Works inside the netns at `path`, if it is the expected one, and comes back.
 *
 * A link is followed: which netns it is, its identity tells.
 *
 * @throws {@link StepError} an errno's name, `gone`, `replaced`; `stranded` when there is no way
 *   back: then nothing more may be done in this thread
 */
export function visitNetns<Result>(
  path: string,
  expected: NetnsIdentity,
  work: () => Result
): Result {
  return use(path, FOLLOW, (netns) => {
    const found = inspect(netns);
    if (found.kind !== 'netns') throw new StepError('gone', `${path} is no netns any more`);
    if (!isSameNetns(found, expected)) throw replaced(path);
    return inNetns(() => step(`enter ${path}`, () => enterNetns(netns)), work);
  });
}

/** @param enter throws when the thread has not left its netns */
export function inNetns<Result>(enter: () => void, work: () => Result): Result {
  enter();
  try {
    return work();
  } finally {
    goHome();
  }
}

/** @param path no link */
export function withFile<Result>(path: string, work: (fd: number) => Result): Result {
  return use(path, FOLLOW | constants.O_NOFOLLOW, work);
}

function use<Result>(path: string, flags: number, work: (fd: number) => Result): Result {
  const fd = step(`open ${path}`, () => openSync(path, flags));
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

function mayReturn(): boolean {
  try {
    enterNetns(hostNetns);
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EPERM') return false;
    throw error;
  }
}

// Without the right to that, nothing can be visited either: the visit says so.
function ownNetns(): number {
  try {
    unshareNetns();
    return openSync(OWN_NETNS, constants.O_RDONLY);
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EPERM') return hostNetns;
    throw error;
  }
}

function goHome(): void {
  try {
    enterNetns(homeNetns);
  } catch (error) {
    throw new StepError('stranded', `return to the host's netns: ${String(error)}`);
  }
}
