import type { Hosts } from '../api.ts';
import { hostEventsOf } from '../engine-events.ts';
import { byTime, eventsOf } from '../journals.ts';
import type { Cluster } from '../store/cluster.ts';
import type { JournalRecord, Key } from '../store/store.ts';

interface Selection {
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

/** What all hosts of a store have recorded, as far as the store still has it, or record from now on. */
export function clusterEvents(cluster: Cluster): Pick<Hosts, 'events' | 'engineEvents'> {
  const journals = { journal: (key: Key, host: string) => cluster.at(host).journal(key) };
  const events = (selection: Selection) => recordsOf(cluster, selection);
  return { events, engineEvents: (selection) => hostEventsOf(journals, events(selection)) };
}

async function* recordsOf(
  cluster: Cluster,
  { follow, signal = new AbortController().signal }: Selection
): AsyncIterable<JournalRecord> {
  if (follow) {
    yield* cluster.followAll(signal);
    return;
  }
  const records: JournalRecord[] = [];
  for (const { host } of await cluster.hosts()) {
    for await (const record of eventsOf(cluster.at(host), { follow, signal })) {
      records.push(record);
    }
  }
  yield* records.sort(byTime);
}
