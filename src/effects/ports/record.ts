import type { PortMapping } from '../../model/container.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Store } from '../../store/store.ts';
import type { ProcessId } from '../process/proc.ts';

type PortStore = Pick<Store, 'allocations' | 'allocate'>;

/** Who has which host ports, as it is recorded. */
export interface Claims {
  /** To be given to {@link record}. */
  readonly version: number;
  /** Of the container that asks. */
  readonly own: readonly PortMapping[];
  /** Process that keeps its ports bound. */
  readonly keeper: ProcessId | undefined;
  readonly others: () => readonly OtherClaim[];
}

export interface OtherClaim {
  /** `container/web` */
  readonly owner: string;
  readonly mapping: PortMapping;
}

export async function claimsOf(store: PortStore, container: string): Promise<Claims> {
  const { version, entries } = await store.allocations(KIND);
  const name = ownerOf(container);
  const own = entries.filter(({ owner }) => owner === name).map(entryOf);
  return {
    version,
    own: own.map(mappingOf),
    keeper: own.find(({ keeper }) => keeper)?.keeper,
    // Few who ask want to know of them all.
    others: () =>
      entries
        .filter(({ owner }) => owner !== name)
        .map((entry) => ({ owner: entry.owner, mapping: mappingOf(entryOf(entry)) }))
  };
}

/**
 * Replaces what the container holds, unless anybody has recorded something since `version`.
 *
 * @param held.keeper the process that keeps them all bound
 * @returns whether it was done
 */
export async function record(
  store: PortStore,
  version: number,
  container: string,
  held: Pick<Claims, 'keeper'> & { readonly ports: readonly PortMapping[] }
): Promise<boolean> {
  const { ports, keeper } = held;
  const [first, ...rest] = ports.map((mapping): JsonObject => ({ ...mapping }));
  const kept = first && (keeper ? { ...first, keeper: { ...keeper } } : first);
  return store.allocate(KIND, version, ownerOf(container), kept ? [kept, ...rest] : []);
}

/** Records that the container holds nothing. */
export async function giveBack(store: PortStore, container: string): Promise<void> {
  const owner = ownerOf(container);
  for (;;) {
    const { version, entries } = await store.allocations(KIND);
    if (!entries.some((entry) => entry.owner === owner)) return;
    if (await store.allocate(KIND, version, owner, [])) return;
  }
}

const KIND = 'port';

/** This file is the only one that writes them. */
interface Entry extends PortMapping {
  readonly keeper?: ProcessId;
}

function ownerOf(container: string): string {
  return `container/${container}`;
}

function entryOf({ entry }: { readonly entry: Json }): Entry {
  return entry as unknown as Entry;
}

function mappingOf({ keeper: _, ...mapping }: Entry): PortMapping {
  return mapping;
}
