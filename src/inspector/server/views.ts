import { createContext, Script } from 'node:vm';
import { MooringError } from '../../model/failure.ts';
import type { Key } from '../../store/store.ts';
import { fieldsOf } from '../model/fields.ts';
import { leaksOf, type Leak } from '../model/leaks.ts';
import { byTime, inCausalOrder } from '../model/order.ts';
import { matches, parseQuery, type Query } from '../model/query.ts';
import { byKey, type Machines, type Recorded } from '../model/records.ts';
import { sequenceOf, type Sequence } from '../model/sequence.ts';
import { lifeOf, type Step } from '../model/steps.ts';
import { timelineOf, type Lane } from '../model/timeline.ts';
import { topologyOf, type Topology } from '../model/topology.ts';
import type { Candidate } from '../../machines/candidates.ts';
import type { Feed } from './feed.ts';
import type { InspectedHost } from './host.ts';
import { allRecords, keyFrom, recordsOf } from './journals.ts';

/** What the page shows, as data: made by the same code. */
export interface Views {
  steps(key: Key): Promise<readonly Step[]>;
  timeline(keys: readonly Key[]): Promise<readonly Lane[]>;
  sequence(keys: readonly Key[], correlation: string | null): Promise<Sequence>;
  /** @param event as JSON; `null`: the one that was recorded */
  why(key: Key, seq: number, event: string | null): Promise<readonly Candidate[]>;
  log(query: string, limit: number, signal: AbortSignal): Promise<Log>;
  topology(containers: readonly string[] | null, limit: number): Promise<Topology>;
  leaks(): Promise<readonly Leak[]>;
}

export interface Log {
  /** The newest that match, oldest of them first. */
  readonly records: readonly Recorded[];
  readonly matched: number;
  readonly searched: number;
}

export function viewsOf(host: InspectedHost, feed: Pick<Feed, 'keys'>): Views {
  const { machines } = host;
  return {
    steps: async (key) => lifeOf(await read(host, [key]), machines).steps,
    timeline: async (keys) => timelineOf(await read(host, keys)),
    async sequence(keys, correlation) {
      const records = await read(host, keys);
      const wanted = records.filter(
        (one) => correlation === null || one.correlation === correlation
      );
      return sequenceOf(inCausalOrder(wanted));
    },
    why: async (key, seq, event) => why(await read(host, [key]), { machines, seq, event }),
    log: (query, limit, signal) =>
      log(allRecords(host, feed.keys(), signal), parseQuery(query), limit),
    topology: (containers, limit) => topology(host, containers, limit),
    leaks: () => leaks(host)
  };
}

async function read(host: InspectedHost, keys: readonly Key[]): Promise<readonly Recorded[]> {
  const records: Recorded[] = [];
  for (const key of keys) for await (const record of recordsOf(host, key)) records.push(record);
  return records;
}

function why(
  records: readonly Recorded[],
  { machines, seq, event }: { machines: Machines; seq: number; event: string | null }
): readonly Candidate[] {
  const at = records.findIndex((record) => record.seq === seq);
  if (at < 0) throw new MooringError('inspector.notFound', `there is no record ${seq}`);
  const life = lifeOf(records, machines);
  // A recorded event met the state before it; another would meet the one after.
  return event === null
    ? life.candidatesAt(at, records[at]!.event)
    : life.candidatesAt(at + 1, eventFrom(event));
}

function eventFrom(text: string): { readonly type: string } {
  const bad = () =>
    new MooringError(
      'inspector.badRequest',
      'event must be JSON with a type, {"type":"container.down"}'
    );
  try {
    const event: unknown = JSON.parse(text);
    if (typeof event !== 'object' || event === null || !('type' in event)) throw bad();
    if (typeof event.type !== 'string') throw bad();
    return event as { readonly type: string };
  } catch {
    throw bad();
  }
}

const BATCH = 512;
/** For one batch: a regular expression may take for ever. */
const MATCH_MS = 500;

async function log(all: AsyncIterable<Recorded>, query: Query, limit: number): Promise<Log> {
  let [matched, searched] = [0, 0];
  let newest: Recorded[] = [];
  let batch: Recorded[] = [];
  const take = (): void => {
    const found = matching(query, batch);
    searched += batch.length;
    matched += found.length;
    newest = [...newest, ...found].sort(byTime).slice(-limit);
    batch = [];
  };
  for await (const record of all) {
    batch.push(record);
    if (batch.length === BATCH) take();
  }
  take();
  return { records: newest, matched, searched };
}

function matching(query: Query, records: readonly Recorded[]): readonly Recorded[] {
  const found: Recorded[] = [];
  const work = (): void => {
    for (const record of records) {
      if (matches(query, fieldsOf(record), () => JSON.stringify(record))) found.push(record);
    }
  };
  try {
    new Script('work()').runInContext(createContext({ work }), { timeout: MATCH_MS });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new MooringError('query.bad', `${query.text}: it takes too long to be matched`);
  }
  return found;
}

async function topology(
  host: InspectedHost,
  wanted: readonly string[] | null,
  limit: number
): Promise<Topology> {
  const { containers } = await host.mooring.list();
  const { networks } = await host.mooring.networks.list();
  const names = wanted && new Set(wanted);
  const shown = containers.filter(({ id }) => names === null || names.has(id)).slice(0, limit);
  const made = topologyOf({ containers: shown, networks, seen: await host.see(shown) });
  // How many use a network counts for all, not for those that are shown.
  const all = topologyOf({ containers, networks, seen: null });
  const counts = new Map(all.bridges.map((bridge) => [bridge.name, bridge.containers]));
  return {
    ...made,
    bridges: made.bridges.map((bridge) => ({ ...bridge, containers: counts.get(bridge.name) ?? 0 }))
  };
}

async function leaks(host: InspectedHost): Promise<readonly Leak[]> {
  const collected = await host.mooring.gc({ dryRun: true });
  const owners = new Set([...collected.removed, ...collected.kept].map(({ owner }) => owner));
  const journals = await read(
    host,
    [...owners].flatMap((owner) => keyIfAny(owner, host))
  );
  const own = byKey(journals);
  return leaksOf(collected, (owner) => own.get(owner) ?? []);
}

// What is left may carry a name that we could not have given.
function keyIfAny(owner: string, host: InspectedHost): readonly Key[] {
  try {
    return [keyFrom(owner, host)];
  } catch {
    return [];
  }
}
