import type { JournalRecord } from '../store.ts';
import type { StreamRecord } from './stream.ts';

/**
 * Tells which records have not been told before.
 *
 * Of one actor tokens only grow from life to life, and numbers within one: so what comes later is
 * greater by both. An actor's records that are put back, and were written before `sinceMs`, are old.
 *
 * @param most actors that are remembered, those heard of last
 */
export function newestOnly(sinceMs: number, most: number): (entry: StreamRecord) => boolean {
  const told = new Map<string, Pick<JournalRecord, 'token' | 'seq'>>();

  return ({ record, again }) => {
    const { key, token, seq, time } = record;
    const last = told.get(key);
    const isOld =
      last === undefined
        ? again && time < sinceMs
        : token < last.token || (token === last.token && seq <= last.seq);
    if (isOld) return false;
    told.delete(key);
    told.set(key, { token, seq });
    if (told.size > most) told.delete(told.keys().next().value!);
    return true;
  };
}
