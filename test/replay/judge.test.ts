import { describe, expect, it } from 'vitest';
import {
  JOURNAL_INVARIANTS,
  judge,
  judgedLines,
  MACHINES,
  planFor,
  simulate,
  traceLines,
  type JournalInvariant,
  type JournalStep
} from '../../src/testing.ts';
import { PLANTS } from '../simulator/plants/all.ts';
import { JOURNALS } from './corpus.ts';
import { machinesWith, stateIn } from './changed.ts';

const [[, lifecycle]] = JOURNALS.filter(([name]) => name === 'lifecycle.jsonl') as [
  readonly [string, string]
];

describe('what every journal must hold', () => {
  const look = (name: string) => JOURNAL_INVARIANTS.find((one) => one.name === name)!.watch();
  const step = (record: object) =>
    ({ key: 'container/web', life: 1, before: {}, after: {}, record }) as unknown as JournalStep;

  it('is broken by a container that goes and leaves a network', async () => {
    const { plants, seed } = PLANTS.find(({ issue }) => issue === 'containerd#5768')!;
    const machines = plants.machines!(MACHINES);
    const text = traceLines(await simulate(planFor(seed), { plants }));

    expect(judge({ text }, JOURNAL_INVARIANTS, { machines }).violations[0]).toMatchObject({
      invariant: 'gone',
      what: expect.stringMatching(/^absent, and of \w+ no DEL has succeeded$/) as string
    });
  });

  it('is broken by an answer that comes twice', () => {
    const answers = look('answers');
    const fact = { event: { type: 'files.written' }, causation: 'a', requests: [] };

    answers(step({ ...fact, event: { type: 'container.up' }, requests: [{ id: 'a' }] }));
    expect([answers(step(fact)), answers(step(fact))]).toEqual([
      undefined,
      'files.written answers what nobody waits for'
    ]);
  });

  it('is broken by a second ADD', () => {
    const adds = look('adds');
    const request = { type: 'cni.add', attachment: { network: 'front' } };
    const add = step({ event: { type: 'resources.held' }, requests: [{ request }] });
    const deleted = step({ event: { type: 'attachment.deleted', network: 'front' }, requests: [] });

    expect([add, deleted, add, add].map(adds)).toEqual([
      ...[undefined, undefined, undefined],
      'front is added again without a DEL between'
    ]);
  });
});

describe('an old journal', () => {
  it.each(JOURNALS)('%s holds what every journal must', (_, path) => {
    const { steps, violations } = judge(path, JOURNAL_INVARIANTS);

    expect(violations).toEqual([]);
    expect(steps).toBeGreaterThan(0);
  });

  it('of the simulator holds it, too', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const text = traceLines(await simulate(planFor(seed)));

      expect(judge({ text }, JOURNAL_INVARIANTS).violations).toEqual([]);
    }
  });

  it('is judged by an invariant that nobody knew of, at the records that break it', () => {
    const neverUp: JournalInvariant = {
      name: 'never up',
      watch: () => (step) =>
        step.after.state === 'up' ? `${step.before!.state} led to up` : undefined
    };

    const judged = judge(lifecycle, [neverUp]);

    expect(judged.violations.length).toBeGreaterThan(0);
    for (const { what, key } of judged.violations) {
      expect(key).toMatch(/^container\//);
      expect(what).toMatch(/ led to up$/);
    }
    expect(judgedLines('old.jsonl', judged)[1]).toMatch(
      /^ {2}never up: \S+ led to up {2}record \d+ of container\/\S+, line \d+$/
    );
  });

  it('is not looked at behind what other charts take otherwise, which is told', () => {
    const machines = machinesWith('namespace', (config) => {
      delete stateIn(config, 'creating').on!['netns.created'];
    });

    const judged = judge(lifecycle, JOURNAL_INVARIANTS, { machines });

    expect(judged.divergences.map(({ event }) => event.type)).toContain('netns.created');
    expect(judgedLines('old.jsonl', judged)[0]).toMatch(/not behind record \d+ of namespace/);
  });
});
