import { observeNetwork, type ObservedNetwork } from '../../syscalls/observe.ts';
import { gathered, type Context } from '../firewall/gather.ts';

/** The host's own links, addresses and routes at some moment after the call. */
export type HostView = (context: Context) => Promise<ObservedNetwork>;

export function hostView(): HostView {
  // The thread that runs this never leaves the host's netns.
  const view = gathered<null, ObservedNetwork>((items) => {
    const seen = observeNetwork();
    return Promise.resolve(items.map(() => seen));
  });
  return (context) => view(null, context);
}
