import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { holdersOf } from './actors/views.ts';
import { keptContainers } from './effects/gc/keepers.ts';
import { LEASE_DIR, leasesIn } from './effects/gc/leases.ts';
import { containersIn, idOf, pinnedFiles } from './effects/gc/pinned.ts';
import { ruleOwners } from './effects/gc/rules.ts';
import { dataDirsOf, tracesOfCache } from './effects/gc/traces.ts';
import { containerItems } from './gc-container.ts';
import { newContext, type GcParts, type Hold, type Item, type Seen } from './gc-parts.ts';
import { namespaceItems, usageItems } from './gc-shared.ts';
import { failureOf } from './model/failure.ts';
import type { Collected, Garbage } from './model/garbage.ts';
import { keyText, type Key, type Store } from './store/store.ts';

/**
 * Finds what belongs to this Mooring and whose owner is gone, and removes it.
 *
 * Whose a thing is must be shown by a record of our own: a file of our result cache, a journal,
 * the store. A name or a comment alone is no proof, as others write the same. Each owner's things
 * are looked at again under its lease, so that nothing is taken from one that is coming up.
 */
export async function collectGarbage(
  parts: GcParts,
  { dryRun }: { readonly dryRun: boolean }
): Promise<Collected> {
  const removed: Garbage[] = [];
  const kept: Collected['kept'][number][] = [];
  // Containers first: what they hold may be all that keeps a netns or a network.
  const { traces: proofs } = await look(parts);
  for (const kind of ['container', 'namespace', 'network'] as const) {
    const seen = { ...(await look(parts)), proofs };
    for (const key of ownersIn(seen, kind)) {
      for (const done of await collectFrom(parts, { key, seen, dryRun })) {
        if ('failure' in done) kept.push(done);
        else removed.push(done);
      }
    }
  }
  return { removed, kept };
}

type Done = Garbage | Collected['kept'][number];

interface Owner {
  readonly key: Key;
  readonly seen: Seen;
  readonly dryRun: boolean;
}

async function collectFrom(parts: GcParts, { key, seen, dryRun }: Owner): Promise<readonly Done[]> {
  const found = await itemsOf(parts, key, seen);
  if (dryRun || found.length === 0) return found.map(outcome);
  // Whoever has it is at work; what it leaves behind is there the next time.
  const lease = await parts.store.tryAcquire(key);
  if (lease === undefined) {
    const failure = { code: 'gc.busy', message: `${keyText(key)} is being worked on` };
    return found.map((item) => ({ ...outcome(item), failure }));
  }
  try {
    const again = await itemsOf(parts, key, { ...(await look(parts)), proofs: seen.proofs });
    const done: Done[] = [];
    for (const item of again) done.push(await removeItem(item));
    return done;
  } finally {
    await parts.store.release(lease);
  }
}

async function removeItem(item: Item): Promise<Done> {
  if (item.failure !== undefined) return outcome(item);
  try {
    await item.remove();
    return outcome(item);
  } catch (error) {
    const failure = failureOf(error, 'gc', `removing ${item.object} of ${item.owner}`);
    return { ...outcome(item), failure };
  }
}

function outcome({ kind, owner, object, failure }: Item): Done {
  return { kind, owner, object, ...(failure && { failure }) };
}

function itemsOf(parts: GcParts, key: Key, seen: Seen): Promise<readonly Item[]> {
  if (key.kind === 'container') return containerItems(parts, key.id, seen);
  return key.kind === 'namespace' ? namespaceItems(parts, key.id, seen) : usageItems(parts, key.id);
}

function ownersIn(seen: Seen, kind: 'container' | 'namespace' | 'network'): readonly Key[] {
  const ids = {
    container: [
      ...[...seen.traces, ...seen.leases, ...seen.rules].map(({ container }) => container),
      ...seen.holds.map(({ holder }) => holder),
      ...seen.ports,
      ...seen.files
    ],
    namespace: seen.pinned.map(({ namespace }) => namespace),
    network: seen.usage
  }[kind];
  // Others' ids may be no names that we could have given.
  const own = ids.filter((id) => kind === 'network' || idOf(id) !== undefined);
  return [...new Set(own)].sort().map((id) => ({ kind, id }));
}

async function look(parts: GcParts): Promise<Omit<Seen, 'proofs'>> {
  const { store, run, cache, root, netnsDir, netnsName } = parts;
  const traces = tracesOfCache(join(root, 'cni'), cache.list());
  const dirs = [...new Set([LEASE_DIR, ...dataDirsOf(traces)])].filter((dir) => existsSync(dir));
  const [rules, ports, usage, holds, keepers] = await Promise.all([
    ruleOwners(run, newContext()),
    store.allocations('port'),
    store.allocations('usage'),
    holdsIn(store),
    keptContainers(root)
  ]);
  return {
    traces,
    leases: dirs.flatMap(leasesIn),
    rules,
    pinned: pinnedFiles(netnsDir, netnsName),
    ports: new Set([...ownersOf(ports.entries, 'container'), ...keepers]),
    files: new Set(containersIn(join(root, 'files'))),
    holds,
    usage: ownersOf(usage.entries, 'network')
  };
}

async function holdsIn(store: Store): Promise<readonly Hold[]> {
  const holds: Hold[] = [];
  for (const kind of ['namespace', 'network'] as const) {
    for (const entry of await store.list(kind)) {
      if (!('actor' in entry)) continue;
      const { id } = entry.key;
      holds.push(...holdersOf(entry.actor).map((holder) => ({ kind, id, holder })));
    }
  }
  return holds;
}

function ownersOf(entries: readonly { readonly owner: string }[], kind: string): string[] {
  const prefix = `${kind}/`;
  return entries
    .filter(({ owner }) => owner.startsWith(prefix))
    .map(({ owner }) => owner.slice(prefix.length));
}
