import { containerView, holdersOf } from './actors/views.ts';
import { containerKey } from './container-rest.ts';
import type { Sharer } from './model/hosts-file.ts';
import type { Store } from './store/store.ts';

/** The containers that hold the netns of another now, by its record; their own say who they are. */
export async function sharersOf(
  store: Pick<Store, 'load' | 'look'>,
  container: string
): Promise<readonly Sharer[]> {
  const key = { kind: 'namespace', id: container } as const;
  const namespace = await (store.look?.(key) ?? store.load(key));
  const holders = namespace === undefined ? [] : holdersOf(namespace);
  const others = holders.filter((holder) => holder !== container);
  const actors = await Promise.all(others.map((id) => store.load(containerKey(id))));
  return actors.flatMap((actor) => (actor ? [containerView(actor).spec] : []));
}
