import { stateOf } from './actors/views.ts';
import type { MooringEvent } from './bus/events.ts';
import type { EffectRequest, RequestOf } from './bus/requests.ts';
import { networkId } from './effects/networks/lookup.ts';
import type { EngineAction, EngineEvent } from './model/engine-event.ts';
import { driverOf } from './model/network-describe.ts';
import type { ContainerState } from './model/view.ts';
import type { JournalRecord, Key, Kind } from './store/store.ts';

/**
 * What Docker and podman would tell of the same commits.
 *
 * A reload's inner DEL and ADD are none of theirs, and neither is the DEL that undoes
 * an ADD which failed: only what was, and no longer is, attached connects or disconnects.
 *
 * @param records of any number of actors, those of one in their order
 */
export async function* engineEventsOf(
  store: Journals,
  records: AsyncIterable<JournalRecord>
): AsyncIterable<EngineEvent> {
  for await (const { event } of told(store, records)) yield event;
}

/** The same of several hosts, each event with its host's name. */
export async function* hostEventsOf(
  journals: Journals,
  records: AsyncIterable<JournalRecord>
): AsyncIterable<EngineEvent> {
  for await (const { event, host } of told(journals, records)) yield { ...event, Host: host };
}

/** Of a store only this is read. */
interface Journals {
  journal(key: Key, host: string): AsyncIterable<JournalRecord>;
}

async function* told(
  journals: Journals,
  records: AsyncIterable<JournalRecord>
): AsyncIterable<{ readonly event: EngineEvent; readonly host: string }> {
  const lives = new Map<string, Life>();
  for await (const record of records) {
    const { host, key, seq } = record;
    for (const event of definitions(record)) yield { event, host };
    if (kindOf(record) !== 'container') continue;
    const name = `${host} ${key}`;
    const known = seq === 1 ? undefined : lives.get(name);
    const life = known ?? (await lifeBefore(journals, record));
    for (const event of eventsOf(life, record)) yield { event, host };
    follow(life, record);
    if (record.value === 'absent') lives.delete(name);
    else lives.set(name, life);
  }
}

/** What has to be known of an actor to say what its next record means. */
interface Life {
  /** Where it rested last; `undefined` when that is not known. */
  rest: ContainerState | undefined;
  /** Attachments that are under way, by the request's id. */
  readonly asked: Map<string, Attaching>;
}

type Attaching = RequestOf<'cni.add'> | RequestOf<'cni.del'>;

const RESTS: ReadonlySet<ContainerState> = new Set([
  'absent',
  'defined',
  'up',
  'degraded',
  'failed',
  'stuck'
]);

/** From the journal, for an actor that is first seen in the middle of its life. */
async function lifeBefore(journals: Journals, record: JournalRecord): Promise<Life> {
  const life: Life = { rest: record.seq === 1 ? 'absent' : undefined, asked: new Map() };
  if (record.seq === 1) return life;
  for await (const earlier of journals.journal(keyOf(record), record.host)) {
    // The key may have begun another life since.
    if (earlier.seq >= record.seq || earlier.token > record.token) break;
    follow(life, earlier);
  }
  return life;
}

function follow(life: Life, record: JournalRecord): void {
  if (record.causation !== null) life.asked.delete(record.causation);
  for (const { id, request } of record.requests) {
    if (isAttaching(request)) life.asked.set(id, request);
  }
  const state = stateOf(record.value);
  if (RESTS.has(state)) life.rest = state;
}

function* eventsOf(life: Life, record: JournalRecord): Iterable<EngineEvent> {
  const { causation } = record;
  const request = causation === null ? undefined : life.asked.get(causation);
  if (request !== undefined) yield* membership(record, request);
  const state = stateOf(record.value);
  if (RESTS.has(state) && state !== life.rest) yield containerEvent(record, state);
}

function* membership(record: JournalRecord, request: Attaching): Iterable<EngineEvent> {
  const { attachment } = request;
  const { type } = record.event;
  if (attachment.pinned) return;
  const wasAttached = attachment.result !== undefined;
  const action =
    type === 'attachment.added'
      ? 'connect'
      : type === 'attachment.deleted' && wasAttached
        ? 'disconnect'
        : undefined;
  if (action === undefined) return;
  const { container } = request;
  const { network, conflist } = attachment;
  yield engineEvent(record, {
    type: 'network',
    action,
    status: action,
    actor: networkId(network),
    attributes: { container, name: network, type: driverOf(conflist) },
    podman: { ID: container, Name: container, network }
  });
}

function* definitions(record: JournalRecord): Iterable<EngineEvent> {
  const { event } = record;
  if (event.type === 'network.created') yield definition(record, 'create', event);
  if (event.type === 'network.removed') yield definition(record, 'destroy', event);
}

function definition(
  record: JournalRecord,
  action: 'create' | 'destroy',
  { network, driver }: Extract<MooringEvent, { type: 'network.created' | 'network.removed' }>
): EngineEvent {
  const id = networkId(network);
  return engineEvent(record, {
    type: 'network',
    action,
    status: action === 'create' ? 'create' : 'remove',
    actor: id,
    attributes: { name: network, type: driver },
    podman: { ID: id, Name: network, network }
  });
}

function containerEvent(record: JournalRecord, state: ContainerState): EngineEvent {
  const { id } = keyOf(record);
  const failure = 'failure' in record.event ? { failure: record.event.failure.message } : {};
  return engineEvent(record, {
    type: 'container',
    action: state as EngineAction,
    status: state,
    actor: id,
    attributes: { name: id, ...failure },
    podman: { ID: id, Name: id }
  });
}

interface Draft {
  readonly type: EngineEvent['Type'];
  readonly action: EngineAction;
  readonly status: string;
  readonly actor: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly podman: Pick<EngineEvent, 'ID' | 'Name' | 'network'>;
}

function engineEvent({ time }: JournalRecord, draft: Draft): EngineEvent {
  return {
    Type: draft.type,
    Action: draft.action,
    Actor: { ID: draft.actor, Attributes: draft.attributes },
    scope: 'local',
    time: Math.floor(time / 1000),
    timeNano: time * 1_000_000,
    ...draft.podman,
    Status: draft.status,
    Time: new Date(time).toISOString()
  };
}

function isAttaching(request: EffectRequest): request is Attaching {
  return request.type === 'cni.add' || request.type === 'cni.del';
}

function kindOf({ key }: JournalRecord): string {
  return key.slice(0, key.indexOf('/'));
}

function keyOf(record: JournalRecord): Key {
  return { kind: kindOf(record) as Kind, id: record.key.slice(record.key.indexOf('/') + 1) };
}
