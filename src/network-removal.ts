import type { Networks } from './api.ts';
import { failureOf, MooringError, type Failure } from './model/failure.ts';
import type { NetworkFilter } from './model/network-view.ts';
import type { ContainerView } from './model/view.ts';

export interface RemovalParts {
  /** Removes networks that no container uses. */
  readonly networks: Omit<Networks, 'prune'>;
  /** Names of the networks that were made here and pass. */
  readonly prunable: (filters: readonly NetworkFilter[]) => Promise<readonly string[]>;
  readonly usersOf: (network: string) => Promise<readonly string[]>;
  readonly inspect: (id: string) => Promise<ContainerView>;
  readonly down: (id: string) => Promise<void>;
  readonly disconnect: (id: string, network: string) => Promise<unknown>;
}

// Each round takes away whoever came while the last one was at work.
const ROUNDS = 5;

/** Removal that first takes the users away, and removal of what nobody uses. */
export function withRemoval(parts: RemovalParts): Networks {
  const { networks } = parts;
  return {
    ...networks,
    async remove(wanted, { force = false } = {}) {
      if (!force) return networks.remove(wanted);
      const { name } = await networks.inspect(wanted);
      for (let round = 1; ; round += 1) {
        await freeFromUsers(parts, name);
        try {
          return await networks.remove(name);
        } catch (error) {
          const isBusy = error instanceof MooringError && error.code === 'network.inUse';
          const users = isBusy && round < ROUNDS ? await parts.usersOf(name) : [];
          if (users.length === 0) throw error;
        }
      }
    },
    async prune(filters = []) {
      const removed: string[] = [];
      const problems: Failure[] = [];
      for (const name of await parts.prunable(filters)) {
        try {
          removed.push(await networks.remove(name));
        } catch (error) {
          const failure = failureOf(error, 'network');
          // Used, or gone meanwhile: then it is not for pruning.
          const isMeant = ['network.inUse', 'network.notFound'].includes(failure.code);
          if (!isMeant) problems.push({ ...failure, message: `${name}: ${failure.message}` });
        }
      }
      return { removed, problems };
    }
  };
}

async function freeFromUsers(parts: RemovalParts, network: string): Promise<void> {
  for (const id of await parts.usersOf(network)) {
    const before = await orGone(() => parts.inspect(id));
    if (before === undefined) continue;
    if (before.state !== 'defined') await orGone(() => parts.down(id));
    // One that was created is there still, and would have the network at its next start.
    const after = await orGone(() => parts.inspect(id));
    const isMember = after?.spec.networks.some((member) => member.network === network);
    if (isMember) await orGone(() => parts.disconnect(id, network));
  }
}

async function orGone<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MooringError && error.code === 'container.notFound') return undefined;
    throw error;
  }
}
