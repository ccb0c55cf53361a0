import type { ContainerList } from './api.ts';
import { containerView } from './actors/views.ts';
import type { ListedActor } from './store/store.ts';

/**
 * Containers as their last records tell them.
 *
 * @param boot of the host whose they are; `undefined` when it is not known
 */
export function containerList(
  listed: readonly ListedActor[],
  boot: string | undefined
): ContainerList {
  const views = listed.flatMap((entry) =>
    'actor' in entry ? [containerView(entry.actor, boot)] : []
  );
  return {
    // Committed as absent, and its process died before the record was dropped.
    containers: views.filter(({ state, pending }) => state !== 'absent' || pending),
    unreadable: listed.flatMap((entry) =>
      'failure' in entry ? [{ id: entry.key.id, failure: entry.failure }] : []
    )
  };
}
