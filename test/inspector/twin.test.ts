import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActorList } from '../../src/inspector/server/actors.ts';
import { feed } from '../../src/inspector/server/feed.ts';
import type { Log } from '../../src/inspector/server/views.ts';
import type { Leak } from '../../src/inspector/model/leaks.ts';
import type { Sequence } from '../../src/inspector/model/sequence.ts';
import type { Step } from '../../src/inspector/model/steps.ts';
import type { Lane } from '../../src/inspector/model/timeline.ts';
import type { Candidate } from '../../src/machines/candidates.ts';
import type { JournalRecord } from '../../src/store/store.ts';
import { played, type Played } from './journals.ts';
import { inspected, type Inspected } from './server.ts';

let host: Played;
let inspector: Inspected;

const removed = [{ kind: 'lease', owner: 'container/web', object: 'front eth0' } as const];

beforeAll(async () => {
  host = played();
  inspector = await inspected(host, {
    mooring: {
      examine: () => Promise.reject(new Error('not here')),
      gc: () => Promise.resolve({ removed, kept: [] }),
      list: () => Promise.resolve({ containers: [], unreadable: [] }),
      networks: { list: () => Promise.resolve({ networks: [], problems: [] }) } as never
    }
  });
  host.world.refuse.set('cni.add bad/back', 1);
  await host.up('web', ['front', 'back'], 8080);
  await host.up('bad', ['front', 'back']);
});

afterAll(() => inspector.close());

const read = async <Value>(path: string) => (await inspector.get(path)).json() as Value;
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('actors', () => {
  it('are all there, of whatever kind, with where they rest', async () => {
    const { actors } = await read<ActorList>('/api/actors');

    expect(actors.map(({ key, value, pending }) => [key, value, pending.length])).toEqual([
      ['container/bad', 'failed', 0],
      ['container/web', 'up', 0],
      ['namespace/web', 'ready', 0],
      ['network/back', 'inUse', 0],
      ['network/front', 'inUse', 0]
    ]);
    expect(actors[0]!.failure).toMatchObject({ code: 'test.refused' });
  });
});

describe('the journal', () => {
  it('is told record by record, from any on', async () => {
    const all = lines((await inspector.get('/api/journal?key=container/web')).text);
    const rest = lines((await inspector.get('/api/journal?key=container/web&after=3')).text);

    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expect(rest).toEqual(all.slice(3));
    expect(all[0]).not.toHaveProperty('snapshot');
  });

  it.each(['web', 'container', 'container/', 'container/..', 'nothing/web', 'container/a/b/../..'])(
    'is of a name: %s is none',
    async (key) => {
      expect(
        (await inspector.get(`/api/journal?key=${encodeURIComponent(key)}`)).status
      ).toBeGreaterThanOrEqual(400);
    }
  );
});

describe('a step', () => {
  it('has its transitions, and what changed', async () => {
    const steps = await read<Step[]>('/api/steps?key=container/web');

    expect(steps[0]).toMatchObject({ seq: 1, taken: ['container.absent container.up 0'] });
    expect(steps.every(({ diverged }) => diverged === null)).toBe(true);
  });

  it('tells why nothing happened', async () => {
    const event = encodeURIComponent('{"type":"container.start","container":"web"}');

    expect(await read<Candidate[]>(`/api/why?key=container/web&seq=1&event=${event}`)).toEqual([]);
    const own = await read<Candidate[]>('/api/why?key=container/web&seq=1');
    expect(own).toMatchObject([{ source: 'container.absent', answer: 'taken' }]);
    expect((await inspector.get('/api/why?key=container/web&seq=99')).status).toBe(404);
    expect((await inspector.get('/api/why?key=container/web&seq=1&event=x')).status).toBe(400);
  });
});

describe('the timeline', () => {
  it('has effects within states, and programs within effects', async () => {
    const lanes = await read<Lane[]>('/api/timeline?keys=container/web,network/front');

    expect(lanes.map(({ key }) => key)).toEqual(['container/web', 'network/front']);
    const add = lanes[0]!.effects.filter(({ type }) => type === 'cni.add');
    expect(add.map(({ subject, outcome, attempt }) => [subject, outcome, attempt])).toEqual([
      ['front', 'done', 1],
      ['back', 'done', 1]
    ]);
    // It may have waited for its turn besides, on a busy machine.
    const runs = add[0]!.spans.filter((span) => span.kind === 'run');
    expect(runs.map(({ program, command }) => [program, command])).toEqual([
      ['bridge', 'ADD'],
      ['portmap', 'ADD']
    ]);
    expect(lanes[0]!.states.at(-1)).toMatchObject({ state: 'up', to: null });
  });

  it('counts attempts, and tells what failed', async () => {
    const [lane] = await read<Lane[]>('/api/timeline?key=container/bad');

    expect(lane!.effects.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      type: 'cni.add',
      subject: 'back',
      failure: { code: 'test.refused' }
    });
  });
});

describe('the sequence', () => {
  it('goes from the caller to actors and effects, and back', async () => {
    const keys = 'container/web,namespace/web,network/front';
    const { participants, messages } = await read<Sequence>(`/api/sequence?keys=${keys}`);

    expect(participants.map(({ id }) => id)).toEqual([
      'caller',
      ...keys.split(','),
      'effect:resources',
      ...participants
        .filter(({ kind }) => kind === 'effect')
        .map(({ id }) => id)
        .slice(1)
    ]);
    expect(messages[0]).toMatchObject({ from: 'caller', to: 'container/web', kind: 'command' });
    expect(messages.find(({ text }) => text === 'namespace.hold')).toMatchObject({
      from: 'container/web',
      to: 'namespace/web'
    });
    expect(messages.find(({ text }) => text === 'netns.created')).toMatchObject({
      from: 'effect:netns',
      to: 'namespace/web',
      kind: 'fact'
    });
  });
});

describe('the log', () => {
  const search = (query: string) => read<Log>(`/api/log?query=${encodeURIComponent(query)}`);

  it.each<[string, (record: JournalRecord) => boolean]>([
    ['is:failed', ({ event }) => 'failure' in event],
    [
      'key:container/bad type:attachment.*',
      ({ key, event }) => key === 'container/bad' && event.type.startsWith('attachment.')
    ],
    ['-kind:container', ({ key }) => !key.startsWith('container/')],
    ['state:up,failed', ({ value }) => value === 'up' || value === 'failed'],
    ['asks:cni.add', ({ requests }) => requests.some(({ request }) => request.type === 'cni.add')],
    ['program:bridge took:>10', ({ spans = [] }) => spans.some(({ kind }) => kind === 'run')],
    ['"br-front"', (record) => JSON.stringify(record).includes('br-front')],
    [
      '/br-(front|back)/ -is:command',
      (record) => /br-/.test(JSON.stringify(record)) && !/up|hold$/.test(record.event.type)
    ]
  ])('finds %s', async (query, isFound) => {
    const { records, matched } = await search(query);
    const all = (await host.records()).filter(isFound);

    expect(matched).toBe(all.length);
    expect(all.length).toBeGreaterThan(0);
    expect(records.map(({ key, seq }) => [key, seq])).toEqual(
      all.map(({ key, seq }) => [key, seq])
    );
  });

  it.each(['nonsense:x', 'type:', '/(/', 'took:/[/'])(
    'says what is wrong with %s',
    async (query) => {
      const answer = await inspector.get(`/api/log?query=${encodeURIComponent(query)}`);

      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ error: { code: 'query.bad' } });
    }
  );

  it('gives up an expression that would take for ever', async () => {
    const answer = await inspector.get(`/api/log?query=${encodeURIComponent('/^(([^x])+)+$/')}`);

    expect(answer.json()).toMatchObject({
      error: { message: '/^(([^x])+)+$/: it takes too long to be matched' }
    });
  });
});

describe('leaks', () => {
  it('name the step that made them', async () => {
    expect(await read<Leak[]>('/api/leaks')).toMatchObject([
      { ...removed[0], reason: null, step: { key: 'container/web', request: 'cni.add' } }
    ]);
  });
});

describe('a moment', () => {
  it('is a test that passes, and fails when it is bent', async () => {
    const { text } = await inspector.get('/api/test?key=container/web&seq=5');

    expect(text).toContain(`it("container/web is in `);
    expect(ran(text)).toBe(0);
    expect(ran(text.replace('toEqual(', 'toEqual("bent" + '))).toBe(1);
  }, 60_000);
});

describe('the feed', () => {
  const record = (seq: number) => ({ seq }) as unknown as JournalRecord;
  const taken = async (source: AsyncIterable<string>, count: number) => {
    const all: unknown[] = [];
    for await (const line of source) if (all.push(JSON.parse(line)) === count) break;
    return all;
  };

  it('has what was committed before it was asked for, and what comes', async () => {
    const abort = new AbortController();
    const records = feed(JSON.stringify, { maxRecords: 10, maxBytes: 1e6 });
    records.push(record(1));
    const reading = taken(records.lines(0, abort.signal), 2);
    records.push(record(2));

    expect(await reading).toEqual([
      { n: 1, record: { seq: 1 } },
      { n: 2, record: { seq: 2 } }
    ]);
  });

  it('counts what it dropped for a reader that is too slow', async () => {
    const { signal } = new AbortController();
    const records = feed(JSON.stringify, { maxRecords: 3, maxBytes: 1e6 });
    for (let seq = 1; seq <= 10_000; seq++) records.push(record(seq));

    expect(await taken(records.lines(0, signal), 4)).toEqual([
      { dropped: 9_997 },
      ...[9_998, 9_999, 10_000].map((n) => ({ n, record: { seq: n } }))
    ]);
    expect(await taken(records.lines(9_000, signal), 1)).toEqual([{ dropped: 997 }]);
    expect(records.dropped()).toBe(9_997);
  });

  it('is told over the interface', async () => {
    const { newest, dropped } = await read<{ newest: number; dropped: number }>('/api/about');

    expect(newest).toBe((await host.records()).length);
    expect(dropped).toBe(0);
  });
});

/** Exit code of vitest for a file that is somebody else's. */
function ran(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-moment-'));
  try {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(root, 'node_modules/xstate'), join(folder, 'node_modules/xstate'));
    symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
    const mooring = join(folder, 'node_modules/mooring');
    mkdirSync(mooring);
    writeFileSync(
      join(mooring, 'package.json'),
      '{"type":"module","exports":{"./testing":"./testing.js"}}'
    );
    writeFileSync(
      join(mooring, 'testing.js'),
      `export * from ${JSON.stringify(join(root, 'dist/actors/machines.js'))}`
    );
    writeFileSync(join(folder, 'moment.test.js'), text);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    return (
      spawnSync(process.execPath, [vitest, 'run', '--root', folder], { stdio: 'ignore' }).status ??
      -1
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
