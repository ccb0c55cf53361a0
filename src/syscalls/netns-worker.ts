import { closeSync, constants, openSync, statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { raiseLoopback } from './loopback.ts';
import { bindMount } from './mount.ts';
import { enterNetns, unshareNetns } from './namespaces.ts';
import type { NetnsAnswer, NetnsCall, NetnsRequest } from './netns-messages.ts';
import { identityOf, inspect, isSameNetns, type NetnsIdentity } from './nsfs.ts';
import { step, StepError } from './step.ts';
import { replaced } from './unpin.ts';

// Runs in the thread that `netns-thread.ts` starts. Only synchronous calls see the thread's
// netns, and a thread that Node starts meanwhile would inherit it: so nothing here is awaited.

const OWN_NETNS = '/proc/thread-self/ns/net';
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const home = openSync(OWN_NETNS, constants.O_RDONLY);

parentPort!.on('message', ({ id, call }: NetnsRequest) => {
  parentPort!.postMessage({ id, ...answer(call) });
});

function answer(call: NetnsCall): NetnsAnswer {
  try {
    return { identity: call.op === 'create' ? create(call) : raise(call) };
  } catch (error) {
    // Not caught by anybody, it ends the thread: no call is served from a wrong netns.
    if (!(error instanceof StepError) || error.code === 'stranded') throw error;
    return { failure: { code: error.code, message: error.message } };
  }
}

function create({ path, loopbackUp }: NetnsCall & { op: 'create' }): NetnsIdentity {
  return withFile(path, (target) => {
    if (inspect(target).kind !== 'plain') {
      throw new StepError('badPath', `${path} is no plain file to mount a netns on`);
    }
    const enter = () => step(`unshare a netns for ${path}`, unshareNetns);
    return inNetns(enter, () => {
      if (loopbackUp) step(`raise lo in ${path}`, raiseLoopback);
      step(`mount a netns on ${path}`, () => bindMount(OWN_NETNS, `/proc/self/fd/${target}`));
      return identityOf(statSync(OWN_NETNS, { bigint: true }));
    });
  });
}

function raise({ path, ...expected }: NetnsCall & { op: 'raiseLoopback' }): NetnsIdentity {
  return withFile(path, (netns) => {
    const found = inspect(netns);
    if (found.kind !== 'netns') throw new StepError('gone', `${path} is no netns any more`);
    if (!isSameNetns(found, expected)) throw replaced(path);
    const enter = () => step(`enter ${path}`, () => enterNetns(netns));
    return inNetns(enter, () => {
      step(`raise lo in ${path}`, raiseLoopback);
      return { device: found.device, inode: found.inode };
    });
  });
}

/** @param enter throws when the thread has not left its netns */
function inNetns<Result>(enter: () => void, work: () => Result): Result {
  enter();
  try {
    return work();
  } finally {
    goHome();
  }
}

function goHome(): void {
  try {
    enterNetns(home);
  } catch (error) {
    throw new StepError('stranded', `return to the host's netns: ${String(error)}`);
  }
}

function withFile<Result>(path: string, use: (fd: number) => Result): Result {
  const fd = step(`open ${path}`, () => openSync(path, READ));
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
