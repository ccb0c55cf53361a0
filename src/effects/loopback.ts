import { failureOf } from '../model/failure.ts';
import type { NetnsThread } from '../syscalls/netns-thread.ts';
import type { Effects } from './effects.ts';

/** Codes of failures: `netns.gone`, `netns.replaced`, `netns.EPERM` … */
export function loopbackEffects({
  thread
}: {
  readonly thread: NetnsThread;
}): Pick<Effects, 'loopback.raise'> {
  return {
    async 'loopback.raise'({ container, netns }) {
      try {
        await thread.raiseLoopback(netns.path, netns);
        return { type: 'loopback.raised', container };
      } catch (error) {
        const failure = failureOf(error, 'netns', `lo of ${container}`);
        return { type: 'loopback.raiseFailed', container, failure };
      }
    }
  };
}
