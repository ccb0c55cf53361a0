import type { KernelWatch } from '../effects/watch/kernel.ts';
import type { ContainerView } from '../model/view.ts';

export interface OwnerWatchDeps {
  readonly kernel: Pick<KernelWatch, 'addProcess' | 'removeProcess'>;
  /** The process in whose netns a container is has ended. */
  readonly onEnd: (container: string, pid: number) => void;
}

/** Watches the processes whose netns containers were given (`--netns-pid`). */
export interface OwnerWatch {
  /** A container has come to rest with its networks. */
  follow(view: ContainerView): Promise<void>;
  drop(container: string): Promise<void>;
  /** A process ended that was watched under this key. @returns whether it was one of these */
  ended(key: string): boolean;
}

const OWNER = 'owner/';

export function ownerWatch({ kernel, onEnd }: OwnerWatchDeps): OwnerWatch {
  /** By container; one that has ended stays, so that it is told once. */
  const watched = new Map<string, { readonly pid: number; readonly startTime: string }>();

  return {
    async follow({ id, spec: { namespace } }) {
      if (namespace?.kind !== 'process') return drop(id);
      const { pid, startTime } = namespace;
      const before = watched.get(id);
      if (before?.pid === pid && before.startTime === startTime) return;
      watched.set(id, { pid, startTime });
      await kernel.addProcess(`${OWNER}${id}`, { pid, startTicks: startTime });
    },
    drop,
    ended(key) {
      if (!key.startsWith(OWNER)) return false;
      const id = key.slice(OWNER.length);
      const owner = watched.get(id);
      if (owner !== undefined) onEnd(id, owner.pid);
      return true;
    }
  };

  async function drop(id: string): Promise<void> {
    if (watched.delete(id)) await kernel.removeProcess(`${OWNER}${id}`);
  }
}
