import { describe, expect, it } from 'vitest';
import { MACHINES } from '../../src/actors/machines.ts';
import { persisted, restore } from '../../src/actors/recall.ts';
import { migrated, STEPS, type VersionSteps } from '../../src/actors/versions.ts';
import { replay, type Replayed } from '../../src/replay/replay.ts';
import { reportLines } from '../../src/replay/report.ts';
import { isAllowed, JOURNALS, STANDING } from './corpus.ts';
import { machinesWith, stateIn } from './changed.ts';

describe('what the kernel tests recorded', () => {
  it.each(JOURNALS)('%s replays, or its chart has a new version', (name, path) => {
    const replayed = replay(path);

    expect(replayed.events).toBeGreaterThan(0);
    expect(problemsOf(name, replayed)).toEqual([]);
  });

  it.each(STANDING.map((actor) => [`${actor.key.kind} ${JSON.stringify(actor.value)}`, actor]))(
    '%s can be gone on from',
    (_, actor) => {
      const { snapshot, value, outstanding } = migrated(actor);

      const restored = restore(actor.key, MACHINES, snapshot).actor;

      expect(restored.getSnapshot().value).toEqual(value);
      expect(persisted(restored.getSnapshot())).toEqual(snapshot);
      for (const { request } of outstanding) expect(request.type).toMatch(/^\w+\.\w+$/);
    }
  );
});

describe('a chart that breaks what was recorded', () => {
  const machines = machinesWith('namespace', (config) => {
    delete stateIn(config, 'creating').on!['netns.created'];
  });
  const [[name, path]] = JOURNALS.filter(([file]) => file === 'lifecycle.jsonl') as [
    readonly [string, string]
  ];

  it('is refused, with the event at which it does otherwise', () => {
    const replayed = replay(path, { machines });

    expect(problemsOf(name, replayed)).not.toEqual([]);
    expect(replayed.actors.find((actor) => !isAllowed(actor))).toMatchObject({
      key: expect.stringMatching(/^namespace\//) as string,
      divergence: { event: { type: 'netns.created' } }
    });
  });

  it('is taken when it says so by a version of its own', () => {
    const replayed = replay(path, { machines });
    const actors = replayed.actors.map((actor) => ({
      ...actor,
      divergence: actor.divergence && {
        ...actor.divergence,
        current: { ...actor.divergence.current, machine: 'container@9.000000000000.00000000' }
      }
    }));

    expect(problemsOf(name, { ...replayed, actors })).toEqual([]);
  });

  it('has what it left brought to where the new one goes on from', () => {
    const steps: VersionSteps = {
      container: [
        ...STEPS.container!,
        {
          why: 'up is called raised',
          migrate: ({ snapshot, ...rest }) => ({
            ...rest,
            snapshot: { ...snapshot, value: 'raised' }
          })
        }
      ]
    };
    const up = STANDING.find(({ key, value }) => key.kind === 'container' && value === 'up')!;

    expect(migrated(up, steps)).toMatchObject({ value: 'raised', snapshot: { value: 'raised' } });
  });
});

function problemsOf(name: string, replayed: Replayed): readonly string[] {
  return replayed.actors.every(isAllowed) ? [] : reportLines(name, replayed);
}
