import type { Recovered, RecoverOptions } from './api.ts';
import type { Registry } from './actors/registry.ts';
import { stateOf } from './actors/views.ts';
import { containerKey } from './container-rest.ts';
import { failureOf } from './model/failure.ts';
import type { Key, Kind, ListedActor, Store } from './store/store.ts';

interface Parts {
  readonly store: Store;
  readonly registry: Registry;
}

/**
 * Brings everything that a dead process left half-way to rest, and takes up stuck teardowns.
 *
 * Containers come first: they give back the namespaces and networks they hold, and what is
 * left of those after that is nobody's.
 */
export async function settleAll(
  parts: Parts,
  { busy = 'wait' }: RecoverOptions = {}
): Promise<readonly Recovered[]> {
  const recovered = await settleKind(parts, 'container', busy);
  const shared = [
    ...(await settleKind(parts, 'namespace', busy)),
    ...(await settleKind(parts, 'network', busy))
  ];
  return [...recovered, ...shared.filter(({ failure }) => failure !== undefined)];
}

type Busy = NonNullable<RecoverOptions['busy']>;

async function settleKind(parts: Parts, kind: Kind, busy: Busy): Promise<readonly Recovered[]> {
  const { store } = parts;
  const listed = await store.list(kind);
  const due = listed.filter((entry) => needsWork(entry, store.boot));
  const mine: ListedActor[] = [];
  for (const entry of due)
    if (busy === 'wait' || (await isFree(store, entry.key))) mine.push(entry);
  return Promise.all(mine.map((entry) => settleOne(parts, entry)));
}

/** Whether no living process is at it. */
export async function isFree(store: Store, key: Key): Promise<boolean> {
  const lease = await store.tryAcquire(key);
  if (lease) await store.release(lease);
  return lease !== undefined;
}

function needsWork(entry: ListedActor, boot: string): boolean {
  if ('failure' in entry) return true;
  const { outstanding, value } = entry.actor;
  if (entry.actor.boot !== boot && value !== 'failed' && value !== 'defined') return true;
  return outstanding.length > 0 || value === 'absent' || value === 'stuck' || value === 'untidy';
}

async function settleOne({ registry }: Parts, entry: ListedActor): Promise<Recovered> {
  const { key } = entry;
  if ('failure' in entry) return { id: key.id, failure: entry.failure };
  try {
    await registry.settle(key);
    const rest = await retry(registry, key);
    return { id: key.id, state: stateOf(rest.value) };
  } catch (error) {
    return { id: key.id, failure: failureOf(error, 'mooring', `recovering ${key.id}`) };
  }
}

function retry(registry: Registry, key: Key) {
  if (key.kind !== 'container') return registry.settle(key);
  return registry.ask(containerKey(key.id), { type: 'container.retry', container: key.id });
}
