import { MooringError } from '../../model/failure.ts';
import { parseContainerId, parseNetworkName } from '../../model/names.ts';
import { keyText, type JournalRecord, type Key, type StoredRecord } from '../../store/store.ts';
import type { Recorded } from '../model/records.ts';
import type { InspectedHost } from './host.ts';

/** @throws MooringError `inspector.badRequest`, or as the names are parsed */
export function keyFrom(text: string | null, { kinds }: Pick<InspectedHost, 'kinds'>): Key {
  const [, kind, id = ''] = /^([a-zA-Z]+)\/(.*)$/s.exec(text ?? '') ?? [];
  const known = kinds.find((one) => one === kind);
  if (known === undefined) {
    const message = `key must be one of ${kinds.join(', ')}, a slash and a name, such as container/web`;
    throw new MooringError('inspector.badRequest', message);
  }
  // What becomes a path is a name; networks have one rule, the rest that of containers.
  return { kind: known, id: known === 'network' ? parseNetworkName(id) : parseContainerId(id) };
}

/**
 * The journal of an actor as it may be told: without what only a restart needs, save where its
 * beginning is gone, which the first record that is left makes up for.
 */
export async function* recordsOf(
  { store }: Pick<InspectedHost, 'store'>,
  key: Key,
  after = 0
): AsyncIterable<Recorded> {
  let isFirst = true;
  for await (const stored of store.journal(key)) {
    const isCutOff = isFirst && stored.seq > 1;
    isFirst = false;
    if (stored.seq > after) yield isCutOff ? withSnapshot(stored) : told(stored);
  }
}

function told({
  prev,
  snapshot,
  earlier,
  memory,
  redacted,
  ...record
}: StoredRecord): JournalRecord {
  return record;
}

function withSnapshot(stored: StoredRecord): Recorded {
  const { snapshot } = stored;
  return { ...told(stored), ...(snapshot !== undefined && { snapshot }) };
}

/**
 * Of every actor there is, one after the other, those that changed last first; then of those whose
 * life has ended.
 *
 * @param known keys of some that have ended, for a store that has no list of them
 */
export async function* allRecords(
  host: Pick<InspectedHost, 'store' | 'kinds'>,
  known: readonly string[],
  signal: AbortSignal
): AsyncIterable<Recorded> {
  const listed = (await Promise.all(host.kinds.map((kind) => host.store.list(kind)))).flat();
  const actors = listed.flatMap((entry) => ('actor' in entry ? [entry.actor] : []));
  const living = actors.toSorted((a, b) => b.time - a.time).map(({ key }) => key);
  const names = new Set(living.map(keyText));
  const gone = host.store.ended ? [] : known.filter((key) => !names.has(key));
  for (const key of [...living, ...gone.map((key) => keyFrom(key, host))]) {
    for await (const record of recordsOf(host, key)) {
      if (signal.aborted) return;
      yield record;
    }
  }
  for await (const record of host.store.ended?.() ?? []) {
    if (signal.aborted) return;
    // The earlier files of a life that goes on are among them.
    if (!names.has(record.key)) yield record;
  }
}
