import { nanoid } from 'nanoid';
import { MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { Allocations } from '../store.ts';
import type { Connection } from './connection.ts';
import type { HostKeys } from './keys.ts';
import { ALLOCATE } from './scripts/allocate.ts';

const OWNER = 'of:';

/** @throws MooringError `store.corrupt` */
export async function readAllocations(
  connection: Connection,
  keys: HostKeys,
  kind: string
): Promise<Allocations> {
  const name = keys.allocations(kind);
  const found = await connection.call((client) => client.hgetall(name), {
    doing: `reading the allocations of ${kind}`
  });
  const owners = Object.keys(found).filter((field) => field.startsWith(OWNER));
  const entries = owners.toSorted().flatMap((field) => {
    const owner = field.slice(OWNER.length);
    return entriesIn(found[field]!, `${name} ${field}`).map((entry) => ({ owner, entry }));
  });
  return { version: Number(found['version'] ?? 0), entries };
}

/**
 * @param seen.version absent for the host itself, whose own record is right in any case
 * @returns whether nobody was quicker
 */
export async function replaceAllocations(
  connection: Connection,
  keys: HostKeys,
  { kind, version }: { readonly kind: string; readonly version?: number },
  { owner, entries }: { readonly owner: string; readonly entries: readonly Json[] }
): Promise<boolean> {
  const done = await connection.run(
    ALLOCATE,
    {
      keys: [keys.allocations(kind), keys.allocated],
      args: [version ?? '', owner, JSON.stringify(entries), nanoid(), kind]
    },
    { doing: `recording the allocations of ${owner}` }
  );
  return done === 1;
}

function entriesIn(text: string, where: string): readonly Json[] {
  try {
    const entries: unknown = JSON.parse(text);
    if (!Array.isArray(entries)) throw new Error('it is not a list');
    return entries as readonly Json[];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MooringError('store.corrupt', `Redis, ${where}: ${reason}`, { cause: error });
  }
}
