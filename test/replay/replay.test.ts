import { beforeAll, describe, expect, it } from 'vitest';
import '../../src/replay/vitest.ts';
import { MACHINES } from '../../src/actors/machines.ts';
import { replay } from '../../src/replay/replay.ts';
import { reportLines } from '../../src/replay/report.ts';
import { seal } from '../../src/store/record.ts';
import { EVERYTHING, exported, recorded, upAndDown } from '../journal/recorded.ts';
import { createWorld } from '../actors/world.ts';
import { machinesWith, stateIn } from './changed.ts';

const words = MACHINES.container.machine.implementations;

let whole: { readonly text: readonly string[] };
/** The second network refuses, and is refused its first DEL. */
let refused: { readonly text: readonly string[] };

beforeAll(async () => {
  whole = { text: await exported(await recorded(upAndDown)) };
  const world = createWorld();
  world.refuse.set('cni.add web/back', 1);
  world.refuse.set('cni.del web/back', 1);
  refused = { text: await exported(await recorded(upAndDown, world), ['container/web']) };
});

describe('a journal of these very charts', () => {
  it('replays identically, each of its actors', () => {
    const replayed = replay(whole);

    expect(replayed).toMatchObject({ verdict: 'identical', events: whole.text.length - 2 });
    expect(replayed.actors.map(({ key }) => key)).toEqual(EVERYTHING);
    expect(whole).toReplay({ verdict: 'identical' });
  });

  it('replays identically when parts of its events look like fields of a record', async () => {
    const odd = '","requests":[],"value":"up","event":{"x":';
    const world = createWorld();
    world.refuse.set('cni.add web/back', 1);
    const store = await recorded(async (process) => {
      const spec = { id: 'web', networks: [], ports: [], hosts: { file: `/${odd}`, requests: [] } };
      const key = { kind: 'container', id: 'web' } as const;
      await process.registry.ask(key, { type: 'container.up', container: 'web', spec });
    }, world);

    expect({ text: await exported(store, ['container/web']) }).toReplay({ verdict: 'identical' });
  });
});

it('names the line that refers to what stands nowhere in the file', () => {
  let prev = '';
  const text = whole.text.slice(0, 4).map((line, index) => {
    if (index === 0) return line;
    const { parts: _parts, hash: _hash, ...record } = JSON.parse(line) as Record<string, unknown>;
    const sealed = seal({ ...record, prev });
    prev = sealed.hash;
    return sealed.line.toString().trim();
  });

  expect(() => replay({ text })).toThrow(
    expect.objectContaining({
      code: 'journal.bad',
      message: expect.stringMatching(/^the journal line 3: #\w{12} stands for nothing$/)
    })
  );
});

describe('a journal of charts with other names', () => {
  it('is equivalent when states and guards are called otherwise, and says how', () => {
    const machines = machinesWith(
      'container',
      (config) => {
        const { states } = config;
        config.states = Object.fromEntries(
          Object.entries(states).map(([name, state]) => [name === 'up' ? 'raised' : name, state])
        );
        const settling = states['settling']!.always as { guard?: string; target: string }[];
        settling[1]!.guard = 'hasTrouble';
        settling[2]!.target = 'raised';
      },
      { guards: { hasTrouble: words.guards['isTroubled'] } }
    );

    expect(replay(whole, { machines })).toMatchObject({
      verdict: 'equivalent',
      rule: 'the charts differ in names alone: up is raised'
    });
    expect(whole).not.toReplay({ machines, verdict: 'identical' });
  });

  it('is compatible when they differ where it did not come', () => {
    const machines = machinesWith('container', (config) => {
      delete stateIn(config, 'stuck').on!['container.retry'];
    });

    expect(replay(whole, { machines })).toMatchObject({ verdict: 'compatible' });
    expect(whole).toReplay({ machines });
  });
});

describe('a journal of charts that did otherwise', () => {
  it('diverges where a transition leads elsewhere, and tells why', () => {
    const machines = machinesWith('container', (config) => {
      const candidates = stateIn(config, 'tearingDown.detaching.deleting').on![
        'attachment.delFailed'
      ] as { guard?: string }[];
      candidates[0]!.guard = 'hasFailure';
      candidates.shift();
    });
    const { divergence, verdict } = replay(refused, { machines });

    expect(verdict).toBe('breaking');
    expect(divergence).toMatchObject({
      kind: 'state',
      key: 'container/web',
      event: { type: 'attachment.delFailed', network: 'back' },
      before: { tearingDown: { detaching: 'deleting' } },
      recorded: {
        state: { tearingDown: { detaching: 'backingOff' } },
        requests: [{ type: 'timer.set' }]
      },
      current: {
        state: { tearingDown: { detaching: 'deleting' } },
        requests: [{ type: 'cni.del', attachment: { network: 'front' } }]
      },
      requests: [
        { kind: 'missing', recorded: { type: 'timer.set' } },
        { kind: 'extra', current: { type: 'cni.del' } }
      ]
    });
    expect(divergence?.guards).toEqual([
      expect.objectContaining({
        guard: 'hasTurns',
        answer: true,
        read: { turns: ['front'] },
        place: { file: 'src/machines/detach.ts', line: expect.any(Number) }
      })
    ]);
  });

  it('diverges where a request is another, and names the field', () => {
    const machines = machinesWith('container', () => undefined, {
      actions: { delCurrent: words.actions['delPinned'] }
    });
    const { divergence, rule } = replay(whole, { machines });

    expect(divergence).toMatchObject({
      kind: 'requests',
      event: { type: 'container.down' },
      requests: [{ kind: 'changed', fields: [{ path: 'attachment.pinned', current: true }] }]
    });
    expect(rule).toContain('though the chart is the same: a guard or an action is not');
  });

  it('diverges where a command is no longer taken', async () => {
    const store = await recorded(async ({ registry }) => {
      const key = { kind: 'network', id: 'front' } as const;
      await registry.ask(key, { type: 'network.created', network: 'front', driver: 'bridge' });
    });
    const journal = { text: await exported(store, ['network/front']) };
    const machines = machinesWith('network', (config) => {
      delete config.on!['network.created'];
    });

    expect(journal).toReplay({ verdict: 'identical' });
    expect(journal).toDivergeAt('network/front 1', { machines, kind: 'ignored' });
  });

  it('diverges where something else is remembered, though all it does is the same', () => {
    const machines = machinesWith('container', (config) => {
      const on = stateIn(config, 'configuring.adding').on!;
      (on['attachment.addFailed'] as { actions: unknown }).actions = {
        type: 'keepFailure',
        params: () => ({ code: 'x', message: 'y' })
      };
    });
    const { divergence } = replay(refused, { machines });

    expect(divergence).toMatchObject({
      kind: 'memory',
      memory: [{ field: 'failure', current: { code: 'x', message: 'y' } }]
    });
  });

  it('diverges where a guard throws, and says what', () => {
    const machines = machinesWith('container', () => undefined, {
      guards: {
        hasTurns: () => {
          throw new Error('no such thing');
        }
      }
    });
    const { divergence } = replay(whole, { machines });

    expect(divergence).toMatchObject({ kind: 'failed', event: { type: 'container.down' } });
    expect(divergence?.thrown).toContain('no such thing');
  });

  it('is followed no further by that actor, and to the end by the others', () => {
    const machines = machinesWith('namespace', (config) => {
      stateIn(config, 'creating').entry = [];
    });
    const replayed = replay(whole, { machines });

    expect(replayed.actors.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual([
      'container/web identical',
      'namespace/web breaking',
      'network/front identical',
      'network/back identical'
    ]);
    expect(replayed.actors[1]!.events).toBe(1);
    expect(replayed).toDivergeAt(1);
    expect(() => expect(replayed).toDivergeAt(2)).toThrow(
      /expected the journal to diverge at record 2\nreplayed: breaking: record 1 of namespace\/web/
    );
  });

  it('is reported in lines that can be read', () => {
    const machines = machinesWith('container', (config) => {
      stateIn(config, 'tearingDown.suspecting').always = [{ target: 'releasing' }];
    });
    const lines = reportLines('refused.jsonl', replay(refused, { machines }));

    expect(lines.map((line) => line.replace(/container@\S+|\d{4}-\S+Z|:\d+$/g, '…'))).toEqual([
      'refused.jsonl: breaking: record 8 of container/web: it leads to another state (8 events)',
      '  event     attachment.deleted front  …, line 9',
      '  before    tearingDown.detaching.deleting',
      '  recorded  tearingDown.sweeping  by …',
      '  current   tearingDown.releasing  by …',
      '  requests  missing  firewall.sweep',
      '            extra    resources.release',
      '  guards    hasTurns: no, turns []  in container.tearingDown.detaching.choosing at once  src/machines/detach.ts…',
      '  taken     container.tearingDown.detaching.deleting on attachment.deleted #1  src/machines/detach.ts…',
      '            container.tearingDown.detaching.choosing at once #2  src/machines/detach.ts…',
      '            container.tearingDown.suspecting at once #1  src/machines/teardown.ts…'
    ]);
  });
});
