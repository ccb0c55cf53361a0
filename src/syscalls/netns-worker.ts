import { statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { raiseLoopback } from './loopback.ts';
import { bindMount } from './mount.ts';
import { unshareNetns } from './namespaces.ts';
import type { NetnsAnswer, NetnsCall, NetnsRequest } from './netns-messages.ts';
import { identityOf, inspect, type NetnsIdentity } from './nsfs.ts';
import { observeNetwork } from './observe.ts';
import { step, StepError } from './step.ts';
import { inNetns, OWN_NETNS, visitNetns, withFile } from './visit-netns.ts';

// Runs in the thread that `netns-thread.ts` starts.

parentPort!.on('message', ({ id, call }: NetnsRequest) => {
  parentPort!.postMessage({ id, ...answer(call) });
});

function answer(call: NetnsCall): NetnsAnswer {
  try {
    return perform(call);
  } catch (error) {
    // Not caught by anybody, it ends the thread: no call is served from a wrong netns.
    if (!(error instanceof StepError) || error.code === 'stranded') throw error;
    return { failure: { code: error.code, message: error.message } };
  }
}

function perform(call: NetnsCall): NetnsAnswer {
  switch (call.op) {
    case 'create':
      return { identity: create(call) };
    case 'raiseLoopback':
      return { identity: raise(call) };
    case 'observe':
      return { network: visitNetns(call.path, call, observeNetwork) };
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

function raise({ path, device, inode }: NetnsCall & { op: 'raiseLoopback' }): NetnsIdentity {
  return visitNetns(path, { device, inode }, () => {
    step(`raise lo in ${path}`, raiseLoopback);
    return { device, inode };
  });
}
