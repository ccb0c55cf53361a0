import { beforeAll, describe, expect, it } from 'vitest';
import '../../src/replay/vitest.ts';
import { exported, recorded } from './recorded.ts';
import { createWorld, planOf } from '../actors/world.ts';
import type { Process } from '../actors/process.ts';
import { recordLines } from '../../src/journal/lines.ts';
import { textSource } from '../../src/journal/read.ts';
import { KINDS } from '../../src/actors/machines.ts';
import { keyFrom } from '../../src/journal/import.ts';
import { redaction, type Redaction } from '../../src/journal/redact.ts';
import type { Kept } from '../../src/replay/simulator/store-state.ts';
import { keyText, type Store, type StoredRecord } from '../../src/store/store.ts';
import { simulate, traceLines, type Command } from '../../src/testing.ts';

/** What nobody outside may learn; each is put where a user can put something. */
const SECRETS = [
  'web',
  'n3t-front',
  'n3t-rear',
  'db.corp.example',
  '10.11.12.13',
  'fd00:5ec::1',
  'aa:bb:cc:11:22:33',
  '/srv/hosts-of-corp',
  'resolve.corp',
  'label.corp',
  'tok3n'
];

const play = async ({ registry }: Process) => {
  const key = { kind: 'container', id: 'web' } as const;
  const spec = {
    id: 'web',
    networks: [
      { network: 'n3t-front', ifName: 'eth0', ips: ['10.11.12.13', 'fd00:5ec::1'] },
      {
        network: 'n3t-rear',
        ifName: 'eth1',
        mac: 'aa:bb:cc:11:22:33',
        aliases: ['db.corp.example']
      }
    ],
    ports: [
      { hostIp: '10.11.12.13', hostPort: 8080, containerPort: 80, range: 1, protocol: 'tcp' }
    ],
    hostname: 'db.corp.example',
    dns: { servers: ['10.11.12.13'], search: ['resolve.corp'], options: ['ndots:2'] },
    hosts: { file: '/srv/hosts-of-corp' }
  } as const;
  await registry.ask(key, { type: 'container.up', container: 'web', spec });
  await registry.ask(key, {
    type: 'container.connect',
    container: 'web',
    attachment: { network: 'n3t-front', ifName: '' }
  });
  await registry.ask(key, { type: 'container.repair', container: 'web', because: 'tok3n' });
  await registry.ask(key, { type: 'container.down', container: 'web' });
};

const KEYS = ['container/web', 'namespace/web', 'network/n3t-front', 'network/n3t-rear'];

const NETWORK = { name: 'front', dualStack: false, addresses: 20 };
const PUBLISHING: Command = { verb: 'up', container: 'web', networks: ['front'], ports: [8080] };

function redactedKept(redact: Redaction, kept: Kept): Kept {
  const { commit, ...frame } = kept;
  const { event, requests, value, machine, causation, correlation } = commit;
  const said = { event, requests, value, machine, causation, correlation };
  const record = redact.record({ v: 1, ...frame, key: keyText(kept.key), ...said });
  return {
    ...kept,
    key: keyFrom(record.key, KINDS),
    commit: {
      ...commit,
      event: record.event,
      requests: record.requests,
      snapshot: redact.snapshot(commit.snapshot),
      outstanding: redact.requests(commit.outstanding)
    }
  };
}

let store: Store;
let open: readonly string[];
let redacted: readonly string[];

const recordsOf = (lines: readonly string[]) =>
  Array.from(recordLines(textSource(lines)), (line) => line.record());

beforeAll(async () => {
  const world = createWorld();
  world.refuse.set('cni.del web/n3t-rear', 1);
  store = await recorded(play, world);
  open = await exported(store, KEYS);
  redacted = await exported(store, KEYS, true);
});

describe('a redacted journal', () => {
  it('says none of the secrets, which the open one does', () => {
    const said = (lines: readonly string[]) =>
      SECRETS.filter((secret) => lines.some((line) => line.includes(secret)));

    expect(said(open).length).toBeGreaterThan(8);
    expect(said(redacted)).toEqual([]);
  });

  it('replays as the open one does, event by event', () => {
    const steps = (lines: readonly string[]) =>
      recordsOf(lines).map(({ seq, event, value, requests }) => [
        seq,
        event.type,
        value,
        requests.map(({ request }) => request.type)
      ]);

    expect(steps(redacted)).toEqual(steps(open));
    expect({ text: redacted }).toReplay({ verdict: 'identical' });
  });

  it('replays where ports are published, of which a plugin is given the protocol', async () => {
    const run = await simulate({
      ...{ seed: 1, store: 'embedded', jitter: 0, faults: [] },
      hosts: [{ name: 'h0', processes: 1, agent: false, networks: [NETWORK] }],
      steps: [{ atMs: 0, host: 'h0', process: 0, command: PUBLISHING }]
    });
    const redact = redaction();
    const lives = run.lives.map((life) => life.map((kept) => redactedKept(redact, kept)));

    expect(JSON.stringify(lives)).toContain('"hostPort":8080');
    expect({ text: traceLines({ ...run, lives }) }).toReplay({ verdict: 'identical' });
  });

  it('keeps equal things equal and different things different', () => {
    const names = (records: readonly StoredRecord[]) =>
      records.flatMap(({ key, event }) => [key, JSON.stringify(event)]);
    const classes = (texts: readonly string[]) => texts.map((text) => texts.indexOf(text));

    expect(classes(names(recordsOf(redacted)))).toEqual(classes(names(recordsOf(open))));
  });

  it('keeps the distances of times, and not the times', () => {
    const times = (lines: readonly string[]) => recordsOf(lines).map(({ time }) => time);
    const distances = (all: readonly number[]) => all.map((time) => time - all[0]!);

    expect(distances(times(redacted))).toEqual(distances(times(open)));
    expect(new Date(times(redacted)[0]!).getUTCFullYear()).toBe(2000);
  });

  it('says of itself that it is one, and remembers nothing that could be guessed', () => {
    expect(recordsOf(redacted).every(({ redacted: is, memory }) => is && !memory)).toBe(true);
    expect(recordsOf(open).some(({ redacted: is }) => is)).toBe(false);
  });

  it('keeps of a conflist what plugins go by, and no label or value of its owner', async () => {
    const plan = planOf('front', 'eth0');
    const raw = {
      ...plan.conflist.raw,
      'label.corp': 'tok3n',
      plugins: [{ type: 'corp-plugin', tok3n: true }]
    };
    const conflist = { ...plan.conflist, raw };
    const [first] = recordsOf(open).filter(({ event }) => event.type === 'resources.held');
    const event = { ...first!.event, attachments: [{ ...plan, conflist }] };
    const journal = { journal: () => one({ ...first!, seq: 1, prev: '', event }) };
    const lines = await exported(journal as unknown as Store, ['container/web'], true);

    expect(lines.join()).not.toMatch(/corp|tok3n/);
    expect(recordsOf(lines)[0]!.event).toMatchObject({
      attachments: [
        { conflist: { plugins: [{ type: 'bridge' }], raw: { plugins: [{ 'field-1': true }] } } }
      ]
    });
  });
});

async function* one(record: StoredRecord): AsyncGenerator<StoredRecord> {
  yield await Promise.resolve(record);
}
