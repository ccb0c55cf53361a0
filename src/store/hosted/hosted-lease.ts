import type { Granted } from '../redis/leases.ts';
import { onAbortOf } from '../loss.ts';
import type { Lease } from '../store.ts';

/** A lease of both: of Redis, which other hosts see, and of the host's files. */
export interface HostedLease {
  readonly lease: Lease;
  /** Of the files: the kernel frees it with the process, and no other process of the host gets past it. */
  readonly local: Lease;
  /** Of Redis; `undefined` since it is away, and only under a lease for removing. */
  granted(): Granted | undefined;
  /** Goes on without Redis. */
  goAlone(): void;
}

/**
 * A lease for removing outlives that of Redis: whoever has taken over meanwhile wants just that done,
 * and nobody else of this host can be at it. Any other is lost with it.
 */
export function hostedLease(
  local: Lease,
  given: Granted | undefined,
  removing: boolean,
  release: (granted: Granted) => void
): HostedLease {
  const lost = new AbortController();
  let granted = given;
  given?.lease.signal.addEventListener('abort', () => {
    if (removing) goAlone();
    else lost.abort(given.lease.signal.reason);
  });
  const { key, token } = local;
  const lease: Lease = {
    key,
    token,
    ...(removing && { removing }),
    signal: lost.signal,
    onLost: onAbortOf(lost.signal),
    check() {
      local.check();
      lost.signal.throwIfAborted();
      if (!removing) granted?.lease.check();
    }
  };
  return { lease, local, granted: () => granted, goAlone };

  function goAlone(): void {
    const before = granted;
    granted = undefined;
    if (before !== undefined) release(before);
  }
}
