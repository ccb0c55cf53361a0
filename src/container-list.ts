import type { ContainerList } from './api.ts';
import { containerView } from './actors/views.ts';
import type { Store } from './store/store.ts';

/** All containers as their last records tell them. */
export async function listContainers(store: Store): Promise<ContainerList> {
  const listed = await store.list('container');
  const views = listed.flatMap((entry) =>
    'actor' in entry ? [containerView(entry.actor, store.boot)] : []
  );
  return {
    // Committed as absent, and its process died before the record was dropped.
    containers: views.filter(({ state, pending }) => state !== 'absent' || pending),
    unreadable: listed.flatMap((entry) =>
      'failure' in entry ? [{ id: entry.key.id, failure: entry.failure }] : []
    )
  };
}
