import { KINDS } from '../actors/machines.ts';
import type { ListedActor, Store } from '../store/store.ts';

/** States in which an actor has nothing on the host. */
const AT_REST: ReadonlySet<unknown> = new Set(['absent', 'defined', 'failed']);

/** Whether nothing that is recorded is in the kernel. */
export async function isIdle(store: Store): Promise<boolean> {
  for (const kind of KINDS) {
    const listed = await store.list(kind);
    if (listed.some((entry) => isKept(entry, store.boot))) return false;
  }
  return true;
}

function isKept(entry: ListedActor, boot: string): boolean {
  // What can't be read may be anything.
  if ('failure' in entry) return true;
  const { actor } = entry;
  // Of an earlier private host nothing is left.
  if (actor.boot !== boot) return false;
  return actor.outstanding.length > 0 || !AT_REST.has(actor.value);
}
