import type { Store, StoredActor } from '../store.ts';
import { listActors, readHead } from './actors.ts';
import { readAllocations } from './allocations.ts';
import type { Connection } from './connection.ts';
import { follow } from './follow.ts';
import { actorOf } from './head.ts';
import { endedRecords, journalOf } from './journal.ts';
import type { HostKeys } from './keys.ts';

/** What can be read of a host without a lease. */
export type HostReader = Pick<Store, 'list' | 'journal' | 'follow' | 'allocations'> &
  Required<Pick<Store, 'ended'>> & {
    load(key: Parameters<Store['load']>[0]): Promise<StoredActor | undefined>;
  };

/** @param closing aborts when nothing is to be read any more */
export function hostReader(
  connection: Connection,
  keys: HostKeys,
  closing: AbortSignal
): HostReader {
  return {
    async load(key) {
      closing.throwIfAborted();
      const { line } = await readHead(connection, keys, key);
      return line === '' ? undefined : actorOf(line, key);
    },
    async list(kind) {
      closing.throwIfAborted();
      return listActors(connection, keys, kind);
    },
    journal: (key) => journalOf(connection, keys, key),
    ended: () => endedRecords(connection, keys),
    follow(signal) {
      closing.throwIfAborted();
      return follow(connection, keys, AbortSignal.any([signal, closing]));
    },
    async allocations(kind) {
      closing.throwIfAborted();
      return readAllocations(connection, keys, kind);
    }
  };
}
