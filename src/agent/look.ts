import type { Logger } from 'pino';
import { containerView } from '../actors/views.ts';
import type { Mooring } from '../api.ts';
import { isRepairable, type Drift } from '../model/drift.ts';
import type { Examination } from '../model/examination.ts';
import { failureOf } from '../model/failure.ts';
import { isLive, type ContainerView } from '../model/view.ts';
import type { Store } from '../store/store.ts';

export interface LookDeps {
  readonly mooring: Pick<Mooring, 'repair'>;
  /** What the host lacks of a container, without what else is in its netns. */
  readonly compare: (id: string) => Promise<Pick<Examination, 'drifts' | 'failure'>>;
  readonly store: Pick<Store, 'load' | 'boot'>;
  readonly log: Logger;
  /** Somebody is at work on the container: it is to be looked at when it rests. */
  readonly postpone: (id: string, reason: string) => void;
}

/**
 * Looks at one container, and has its chart react when the kernel is not as it is recorded.
 *
 * @returns `again` when it could not be looked at, or something that can be put back is still missing
 */
export async function look(
  { mooring, compare, store, log, postpone }: LookDeps,
  id: string,
  reason: string
): Promise<'done' | 'again'> {
  try {
    const view = await viewOf(store, id);
    if (view?.pending) {
      postpone(id, reason);
      // It may have come to rest before that was noted.
      return (await viewOf(store, id))?.pending ? 'done' : 'again';
    }
    if (view === undefined || !isLive(view.state)) return 'done';
    const { drifts, failure } = await compare(id);
    if (failure !== null) return 'again';
    if (textOf(drifts) === textOf(view.drifts) && !drifts.some(isRepairable)) return 'done';
    log.info({ container: id, reason, drifts: drifts.map(({ text }) => text) }, 'drift');
    const after = await mooring.repair(id, { because: reason });
    log.info({ container: id, state: after.state }, 'looked at');
    return after.drifts.some(isRepairable) ? 'again' : 'done';
  } catch (error) {
    log.error({ container: id, failure: failureOf(error, 'agent') }, 'looking at it');
    return 'again';
  }
}

async function viewOf(store: LookDeps['store'], id: string): Promise<ContainerView | undefined> {
  const actor = await store.load({ kind: 'container', id });
  return actor && containerView(actor, store.boot);
}

function textOf(drifts: readonly Drift[]): string {
  return drifts.map(({ text }) => text).join('\n');
}
