import { describe, expect, it } from 'vitest';
import type { MooringEvent } from '../src/bus/events.ts';
import type { EffectRequest } from '../src/bus/requests.ts';
import { engineEventsOf, hostEventsOf } from '../src/engine-events.ts';
import { engineEventText, type EngineEvent } from '../src/model/engine-event.ts';
import type { Attachment } from '../src/model/container.ts';
import type { Json } from '../src/model/json.ts';
import type { JournalRecord } from '../src/store/store.ts';
import { iterate, recordOf } from './cli/fake-deps.ts';
import { failure, netns, plansOf, result, specOf } from './machines/samples.ts';

const container = 'web';
const [front] = plansOf(['front']) as [Attachment];
const added = { ...front, result };

const up: MooringEvent = { type: 'container.up', container, spec: specOf(['front']) };
const attached: MooringEvent = { type: 'attachment.added', container, network: 'front', result };
const notAttached: MooringEvent = {
  type: 'attachment.addFailed',
  container,
  network: 'front',
  failure
};
const detached: MooringEvent = { type: 'attachment.deleted', container, network: 'front' };
const notDetached: MooringEvent = {
  type: 'attachment.delFailed',
  container,
  network: 'front',
  failure
};
const written: MooringEvent = { type: 'files.written', container, files: null };
const released: MooringEvent = { type: 'resources.released', container };

const add = (attachment: Attachment): EffectRequest => ({
  type: 'cni.add',
  container,
  netns,
  attachment
});
const del = (attachment: Attachment): EffectRequest => ({
  type: 'cni.del',
  container,
  netns,
  attachment
});

interface Step {
  readonly event: MooringEvent;
  readonly value: Json;
  readonly asks?: EffectRequest;
  /** Whether it answers the last request. */
  readonly answers?: true;
}

const UP: readonly Step[] = [
  { event: up, value: { configuring: 'adding' }, asks: add(front) },
  { event: attached, value: { configuring: 'writing' }, answers: true },
  { event: written, value: 'up' }
];
const DOWN: readonly Step[] = [
  {
    event: { type: 'container.down', container },
    value: { tearingDown: 'detaching' },
    asks: del(added)
  },
  { event: detached, value: { tearingDown: 'releasing' }, answers: true },
  { event: released, value: 'absent' }
];

describe('events of a container', () => {
  it('tells that it came up with its network, and went with it', async () => {
    expect(await told([...UP, ...DOWN])).toEqual([
      'network connect front',
      'container up',
      'network disconnect front',
      'container absent'
    ]);
  });

  it('tells nothing of the DEL and ADD inside a reload', async () => {
    const pinned = { ...added, pinned: true as const };
    const reload: Step[] = [
      {
        event: { type: 'container.reload', container },
        value: { reloading: 'removing' },
        asks: del(pinned)
      },
      { event: detached, value: { reloading: 'adding' }, answers: true, asks: add(pinned) },
      { event: attached, value: { reloading: 'writing' }, answers: true },
      { event: written, value: 'up' }
    ];

    expect(await told([...UP, ...reload], UP.length + 1)).toEqual([]);
  });

  it('tells of no connection that a plugin refused, nor that its rest was taken off', async () => {
    const connect: Step[] = [
      { event: up, value: { connecting: 'adding' }, asks: add(front) },
      { event: notAttached, value: { connecting: 'undoing' }, answers: true, asks: del(front) },
      { event: detached, value: { connecting: 'releasing' }, answers: true },
      { event: released, value: 'up' }
    ];

    expect(await told([...UP, ...connect], UP.length + 1)).toEqual([]);
  });

  it('tells of a disconnection when it has happened, not when it was refused', async () => {
    const stuck: Step[] = [
      { event: up, value: { tearingDown: 'detaching' }, asks: del(added) },
      { event: notDetached, value: 'stuck', answers: true },
      {
        event: { type: 'container.retry', container },
        value: { tearingDown: 'detaching' },
        asks: del(added)
      },
      { event: detached, value: { tearingDown: 'releasing' }, answers: true },
      { event: released, value: 'failed' }
    ];

    expect(await told([...UP, ...stuck], UP.length + 1)).toEqual([
      'container stuck',
      'network disconnect front',
      'container failed'
    ]);
  });

  it('knows what was asked before it began to listen', async () => {
    expect(await told([...UP, ...DOWN], 2)).toEqual([
      'network connect front',
      'container up',
      'network disconnect front',
      'container absent'
    ]);
  });

  it('tells each of two lives', async () => {
    const records = [...journalOf(UP), ...journalOf(DOWN).map((record) => later(record, 3))];
    const again = [...records, ...records];

    const events = await textsOf(again, records);

    expect(events).toHaveLength(8);
    expect(events.slice(4)).toEqual(events.slice(0, 4));
  });
});

describe('an event', () => {
  it("has Docker's keys and podman's", async () => {
    const [connect] = await collect(journalOf(UP), []);

    expect(connect).toEqual({
      Type: 'network',
      Action: 'connect',
      Actor: {
        ID: expect.stringMatching(/^[0-9a-f]{64}$/),
        Attributes: { container, name: 'front', type: 'bridge' }
      },
      scope: 'local',
      time: 1_767_225_600,
      timeNano: 1_767_225_600_123_000_000,
      ID: container,
      Name: container,
      network: 'front',
      Status: 'connect',
      Time: '2026-01-01T00:00:00.123Z'
    });
    expect(JSON.stringify(connect)).toContain('"timeNano":1767225600123000000');
  });

  it("is written as podman's line", async () => {
    const [connect] = await collect(journalOf(UP), []);

    expect(engineEventText(connect!)).toBe(
      '2026-01-01 00:00:00.123 +0000 UTC network connect web (container=web, name=front)'
    );
  });

  it.each([
    ['network.created', 'create', 'create'],
    ['network.removed', 'destroy', 'remove']
  ] as const)('tells %s', async (type, action, status) => {
    const record = at(
      recordOf({ type, network: 'front', driver: 'bridge' }, 'network/front'),
      'absent'
    );

    const [event] = await collect([record], []);

    expect(event).toMatchObject({
      Type: 'network',
      Action: action,
      Status: status,
      Actor: { Attributes: { name: 'front', type: 'bridge' } }
    });
    expect(event!.Actor.ID).toBe(event!.ID);
  });
});

describe('events of several hosts', () => {
  const of = (host: string, steps: readonly Step[]) =>
    journalOf(steps).map((record) => ({ ...record, host }));
  const [a, b] = [of('a', UP), of('b', [...UP, ...DOWN])];
  const journals = { journal: (_: unknown, host: string) => iterate(host === 'a' ? a : b) };

  async function texts(heard: readonly JournalRecord[]): Promise<readonly string[]> {
    const events: string[] = [];
    for await (const { Host, Type, Status } of hostEventsOf(journals, iterate(heard))) {
      events.push(`${Host!} ${Type} ${Status}`);
    }
    return events;
  }

  it('tells containers of one name apart by their hosts', async () => {
    const mixed = b.flatMap((record, index) => [...a.slice(index, index + 1), record]);

    expect(await texts(mixed)).toEqual([
      'a network connect',
      'b network connect',
      'a container up',
      'b container up',
      'b network disconnect',
      'b container absent'
    ]);
  });

  it('reads what came before in the journal of the host', async () => {
    expect(await texts(b.slice(-2))).toEqual(['b network disconnect', 'b container absent']);
  });

  it('has the host before each line', async () => {
    for await (const event of hostEventsOf(journals, iterate(a))) {
      expect(engineEventText(event)).toMatch(/^a \d{4}-\d\d-\d\d /);
    }
  });
});

/** @param from seq of the first record that is listened to */
async function told(steps: readonly Step[], from = 1): Promise<readonly string[]> {
  const records = journalOf(steps);
  const events = await collect(
    records.filter(({ seq }) => seq >= from),
    records
  );
  return events.map(({ Type, Status, network }) =>
    [Type, Status, ...(network === undefined ? [] : [network])].join(' ')
  );
}

async function textsOf(heard: readonly JournalRecord[], journal: readonly JournalRecord[]) {
  return (await collect(heard, journal)).map(engineEventText);
}

async function collect(heard: readonly JournalRecord[], journal: readonly JournalRecord[]) {
  const store = { journal: () => iterate(journal) };
  const events: EngineEvent[] = [];
  for await (const event of engineEventsOf(store, iterate(heard))) events.push(event);
  return events;
}

function journalOf(steps: readonly Step[]): JournalRecord[] {
  let last = '';
  return steps.map(({ event, value, asks, answers }, index) => {
    const causation = answers ? last : 'command';
    const id = `request-${index}`;
    if (asks) last = id;
    return {
      ...at(recordOf(event, `container/${container}`, index + 1), value),
      causation,
      requests: asks ? [{ id, request: asks, askedAt: 0, correlation: 'c' }] : []
    };
  });
}

function at(record: JournalRecord, value: Json): JournalRecord {
  return { ...record, value, time: 1_767_225_600_123 };
}

function later(record: JournalRecord, by: number): JournalRecord {
  return { ...record, seq: record.seq + by };
}
