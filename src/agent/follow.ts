import type { Logger } from 'pino';
import { containerView, stateOf } from '../actors/views.ts';
import type { KernelWatch } from '../effects/watch/kernel.ts';
import { failureOf } from '../model/failure.ts';
import { isLive, type ContainerView } from '../model/view.ts';
import type { Store } from '../store/store.ts';
import type { Attention } from './attention.ts';
import type { OwnerWatch } from './owners.ts';
import type { ProcessWatch } from './processes.ts';

/** Containers that rest with their networks, and what watches them. */
export interface Followed {
  readonly views: Map<string, ContainerView>;
  /** Those that somebody was at work on when they were to be looked at, and why. */
  readonly postponed: Map<string, string>;
  readonly kernel: Pick<KernelWatch, 'addNetns' | 'removeNetns'>;
  readonly processes: Pick<ProcessWatch, 'follow' | 'drop'>;
  readonly owners: Pick<OwnerWatch, 'follow' | 'drop'>;
  readonly seen: Pick<Attention, 'callFor'>;
  readonly store: Store;
  readonly log: Logger;
}

/** Takes up what is there already. */
export async function adoptAll(followed: Followed): Promise<void> {
  const { store, log } = followed;
  for (const entry of await store.list('container')) {
    if ('failure' in entry) log.error({ failure: entry.failure }, `reading ${entry.key.id}`);
    else await adopt(containerView(entry.actor, store.boot), followed);
  }
}

/** What this and other processes do with containers, until the signal aborts. */
export async function follow(followed: Followed, signal: AbortSignal): Promise<void> {
  const { store, log } = followed;
  try {
    for await (const { key, value } of store.follow(signal)) {
      const [kind, id = ''] = key.split('/');
      if (kind !== 'container' || isPassing(stateOf(value))) continue;
      const actor = await store.load({ kind: 'container', id });
      if (actor) await adopt(containerView(actor, store.boot), followed);
      else await drop(id, followed);
    }
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'following the journals');
  }
}

/** Watches a container that rests with its networks, and lets go of every other. */
async function adopt(view: ContainerView, followed: Followed): Promise<void> {
  const { views, postponed, processes, owners, seen } = followed;
  const { id, netns } = view;
  const before = views.get(id);
  if (!isLive(view.state) || netns === null) {
    await drop(id, followed);
    return;
  }
  views.set(id, view);
  processes.follow(id);
  const reason = postponed.get(id);
  postponed.delete(id);
  if (reason !== undefined) seen.callFor([id], reason);
  if (before?.netns?.inode === netns.inode && before.netns.device === netns.device) return;
  await watchNetns(view, followed);
  await owners.follow(view);
  // What was changed before the watch began.
  seen.callFor([id], 'not looked at before');
}

async function watchNetns(
  { id, netns, spec: { namespace } }: ContainerView,
  { kernel, log }: Followed
): Promise<void> {
  if (namespace !== undefined && namespace.kind !== 'process') return;
  try {
    await kernel.addNetns(id, netns!);
  } catch (error) {
    log.warn({ failure: failureOf(error, 'watch') }, `watching the netns of ${id}`);
  }
}

async function drop(id: string, { views, postponed, kernel, processes, owners }: Followed) {
  postponed.delete(id);
  if (!views.delete(id)) return;
  processes.drop(id);
  await owners.drop(id);
  await kernel.removeNetns(id);
}

// Changes that somebody is making are not drifts.
function isPassing(state: ContainerView['state']): boolean {
  const passing: readonly ContainerView['state'][] = [
    'creating',
    'configuring',
    'reloading',
    'connecting',
    'disconnecting'
  ];
  return passing.includes(state);
}
