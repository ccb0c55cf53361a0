import { readdirSync } from 'node:fs';
import { failureOf, type Failure } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { Layout } from '../embedded/layout.ts';
import { readAllocations, replaceAllocations } from '../redis/allocations.ts';
import { readLines } from '../redis/actors.ts';
import type { Connection } from '../redis/connection.ts';
import { headOf } from '../redis/head.ts';
import type { HostKeys } from '../redis/keys.ts';
import { registerHost } from '../redis/presence.ts';
import { keyText, type Allocations, type Key, type Kind, type Store } from '../store.ts';
import type { Unsynced } from './unsynced.ts';

export interface ReconcileParts {
  readonly connection: Connection;
  readonly keys: HostKeys;
  readonly layout: Layout;
  /** The host's own files. */
  readonly own: Store;
  readonly unsynced: Unsynced;
  /** Kinds of actors that there are. */
  readonly kinds: readonly Kind[];
  /** Takes the lease on an actor for a moment, which makes both agree. */
  readonly bringTogether: (key: Key) => Promise<void>;
}

/** So many leases are taken at once. */
const AT_ONCE = 16;

/**
 * Makes Redis say of this host what the host itself knows: after Redis was away, or has come back
 * with less than it had.
 *
 * @returns what could not be done; the rest is
 * @throws MooringError `store.…` while Redis is away
 */
export async function reconcile(parts: ReconcileParts): Promise<readonly Failure[]> {
  const { connection, keys } = parts;
  await registerHost(connection, keys.host);
  const failures: Failure[] = [];
  const due = (await Promise.all(parts.kinds.map((kind) => differing(parts, kind)))).flat();
  await each(due, async (key) => {
    try {
      await parts.bringTogether(key);
    } catch (error) {
      failures.push(failureOf(error, 'store', `bringing ${keyText(key)} together`));
    }
  });
  for (const kind of allocationKinds(parts)) await showAll(parts, kind);
  return failures;
}

/** Actors of which one of the two knows another last record. */
async function differing(
  { connection, keys, own, unsynced }: ReconcileParts,
  kind: Kind
): Promise<readonly Key[]> {
  const [there, here] = await Promise.all([readLines(connection, keys, kind), own.list(kind)]);
  const lasts = new Map(
    here.map((entry) => [
      entry.key.id,
      'actor' in entry ? `${entry.actor.seq} ${entry.actor.token}` : 'unreadable'
    ])
  );
  const ids = new Set([...lasts.keys(), ...[...there.keys()].map((field) => idIn(field))]);
  return [...ids]
    .map((id): Key => ({ kind, id }))
    .filter((key) => {
      const last = lasts.get(key.id);
      const { seq, token } = headOf(there.get(keyText(key)) ?? '');
      // What is damaged here is told to whoever works on it.
      return last !== 'unreadable' && (unsynced.has(key) || last !== `${seq} ${token}`);
    });
}

function idIn(field: string): string {
  return field.slice(field.indexOf('/') + 1);
}

function allocationKinds({ layout, unsynced }: ReconcileParts): readonly string[] {
  const files = readdirSync(layout.allocations).filter((name) => name.endsWith('.jsonl'));
  const kinds = files.map((name) => name.slice(0, -'.jsonl'.length));
  return [...new Set([...kinds, ...unsynced.allocations()])];
}

async function showAll(
  { connection, keys, own, unsynced }: ReconcileParts,
  kind: string
): Promise<void> {
  // Noted again by whoever changes them from here on and can't show that.
  unsynced.clearAllocations(kind);
  try {
    const [there, here] = await Promise.all([
      readAllocations(connection, keys, kind),
      own.allocations(kind)
    ]);
    const [shown, wanted] = [byOwner(there), byOwner(here)];
    for (const owner of new Set([...shown.keys(), ...wanted.keys()])) {
      const entries = wanted.get(owner) ?? [];
      if (JSON.stringify(shown.get(owner) ?? []) === JSON.stringify(entries)) continue;
      await replaceAllocations(connection, keys, { kind }, { owner, entries });
    }
  } catch (error) {
    unsynced.noteAllocations(kind);
    throw error;
  }
}

function byOwner({ entries }: Allocations): ReadonlyMap<string, readonly Json[]> {
  const owners = new Map<string, Json[]>();
  for (const { owner, entry } of entries) owners.set(owner, [...(owners.get(owner) ?? []), entry]);
  return owners;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const next = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, next));
}
