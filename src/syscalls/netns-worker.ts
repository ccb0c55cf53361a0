import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { raiseLoopback } from './loopback.ts';
import { bindMount } from './mount.ts';
import { enterNetns, unshareNetns } from './namespaces.ts';
import type { NetnsAnswer, NetnsCall, NetnsRequest } from './netns-messages.ts';
import { identityOf, inspect, isSameNetns, type NetnsIdentity } from './nsfs.ts';
import { observeNetwork } from './observe.ts';
import { processIdentity } from './process-identity.ts';
import { step, StepError } from './step.ts';
import { setSysctl } from './sysctl.ts';
import { hostNetns, inNetns, OWN_NETNS, visitNetns, withFile } from './visit-netns.ts';

// Runs in the thread that `netns-thread.ts` starts.

parentPort!.on('message', ({ id, call }: NetnsRequest) => {
  parentPort!.postMessage({ id, ...answer(call) });
});

function answer(call: NetnsCall): NetnsAnswer {
  try {
    switch (call.op) {
      case 'create':
        return { identity: create(call) };
      case 'observe':
        return { network: visitNetns(call.path, call, observeNetwork) };
      case 'setSysctl':
        return { before: visitNetns(call.path, call, () => setSysctl(call.name, call.value)) };
    }
  } catch (error) {
    // Not caught by anybody, it ends the thread: no call is served from a wrong netns.
    if (!(error instanceof StepError) || error.code === 'stranded') throw error;
    return { failure: { code: error.code, message: error.message } };
  }
}

type Create = Extract<NetnsCall, { readonly op: 'create' }>;

function create({ path, origin }: Create): NetnsIdentity {
  return withFile(path, (target) => {
    if (inspect(target).kind !== 'plain') {
      throw new StepError('badPath', `${path} is no plain file to mount a netns on`);
    }
    return inNetns(entrance(path, origin), () => {
      step(`raise lo in ${path}`, raiseLoopback);
      step(`mount a netns on ${path}`, () => bindMount(OWN_NETNS, `/proc/self/fd/${target}`));
      return identityOf(statSync(OWN_NETNS, { bigint: true }));
    });
  });
}

function entrance(path: string, origin: Create['origin']): () => void {
  if (origin === undefined) return () => step(`unshare a netns for ${path}`, unshareNetns);
  return () => {
    const { pid, startTime } = origin;
    withProcess(pid, (netns) => {
      // Asked once the file is open: what is open belongs to that process and no later one.
      if (processIdentity(pid)?.startTicks !== startTime) {
        throw new StepError('noProcess', `process ${pid} has ended`);
      }
      const [theirs, ours] = [netns, hostNetns].map((fd) =>
        identityOf(fstatSync(fd, { bigint: true }))
      );
      if (isSameNetns(theirs!, ours!)) {
        throw new StepError('isHost', `process ${pid} is in the host's network namespace`);
      }
      step(`enter the netns of process ${pid}`, () => enterNetns(netns));
    });
  };
}

/** @param use is given the netns of the process */
function withProcess(pid: number, use: (netns: number) => void): void {
  const path = `/proc/${pid}/ns/net`;
  const fd = step(`open ${path}`, () => openNetnsOf(pid, path));
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

function openNetnsOf(pid: number, path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
    throw new StepError('noProcess', `process ${pid} has ended`, { cause: error });
  }
}
