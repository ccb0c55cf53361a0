import { nanoid } from 'nanoid';
import { containerView } from './actors/views.ts';
import type { NameServer } from './effects/names/aardvark.ts';
import type { PortClaims } from './effects/ports/ports.ts';
import { processIdentity, type ProcessIdentity } from './syscalls/process-identity.ts';
import type { Key, Store } from './store/store.ts';
import { isLive } from './model/view.ts';

/** Processes that outlive the command that started them, and what starts them again. */
export interface KeptProcesses {
  /** The one that keeps a container's host ports bound, as it is recorded; it may have ended. */
  portKeeper(container: string): Promise<ProcessIdentity | undefined>;
  /**
   * Binds a container's host ports again when the process that kept them has ended.
   *
   * @returns whether it was needed; not for a container that is not up
   * @throws MooringError `port.…`, `lease.timedOut`
   */
  keepPorts(container: string, signal: AbortSignal): Promise<boolean>;
  /** The name server of the networks, when it runs. */
  nameServer(): ProcessIdentity | undefined;
  /** Whether containers are to be found by a name server, running or not. */
  wantsNameServer(): boolean;
}

export interface KeptProcessesDeps {
  readonly store: Store;
  readonly claims: Pick<PortClaims, 'keeperOf' | 'keep'>;
  readonly names: Pick<NameServer, 'serverPid' | 'hasEntries'>;
  readonly lockTimeoutMs: number;
}

export function keptProcesses({
  store,
  claims,
  names,
  lockTimeoutMs
}: KeptProcessesDeps): KeptProcesses {
  return {
    async portKeeper(container) {
      const keeper = await claims.keeperOf(container);
      return keeper && { pid: keeper.pid, startTicks: keeper.startTime };
    },

    // Under its lease: while somebody takes it down or moves its ports, they are his.
    async keepPorts(container, signal) {
      const key: Key = { kind: 'container', id: container };
      const lease = await store.acquire(key, { timeoutMs: lockTimeoutMs, signal });
      try {
        const actor = await store.load(key);
        if (!actor || !isLive(containerView(actor, store.boot).state)) return false;
        const operation = nanoid();
        const context = { operation, correlation: operation, repeated: false, signal };
        return await claims.keep(container, context);
      } finally {
        await store.release(lease);
      }
    },

    nameServer() {
      const pid = names.serverPid();
      return pid === undefined ? undefined : processIdentity(pid);
    },

    wantsNameServer: () => names.hasEntries()
  };
}
