import { describe, expect, it } from 'vitest';
import { activeStates, lifeOf, stateText } from '../../src/inspector/model/steps.ts';
import { MACHINES } from '../../src/machines/all.ts';
import type { JournalRecord } from '../../src/store/store.ts';
import { played } from './journals.ts';

describe('a life', () => {
  it('tells what each event did, and by which transitions', async () => {
    const { steps } = lifeOf(await webOf(), MACHINES);

    expect(steps.every(({ diverged }) => diverged === null)).toBe(true);
    expect(steps[0]).toMatchObject({ before: 'absent', after: { creating: 'holding' } });
    expect(steps[0]!.taken).toEqual(['container.absent container.up 0']);
    const added = steps.find(({ taken }) =>
      taken.includes('container.configuring.adding attachment.added 0')
    )!;
    expect(added.taken.at(-1)).toMatch(/^container\.configuring\.choosing always \d$/);
    expect(added.changes.map(({ path }) => path)).toContain('attachments.0.result');
  });

  it('asks every candidate for an event, and says what its guard looked at', async () => {
    const records = await webOf();
    const life = lifeOf(records, MACHINES);
    const upAt = records.findIndex(({ value }) => value === 'up') + 1;

    const candidates = life.candidatesAt(upAt, {
      type: 'container.disconnect',
      container: 'web',
      network: 'nowhere'
    } as never);

    expect(candidates.map(({ guard, answer }) => [guard, answer])).toEqual([
      ['mayDisconnect', 'refused'],
      [null, 'taken']
    ]);
    expect(candidates[0]).toMatchObject({ source: 'container.up', params: 'nowhere' });
    expect(Object.keys(candidates[0]!.read)).toContain('spec');
    expect(life.candidatesAt(upAt, { type: 'attachment.added' })).toEqual([]);
  });

  it('ends to be followed where the chart leads elsewhere, and says so', async () => {
    const records = await webOf();
    const bent = records.map((record, index) =>
      index === 3 ? { ...record, value: 'up' } : record
    );

    const { steps } = lifeOf(bent, MACHINES);

    expect(steps[2]!.diverged).toBeNull();
    expect(steps[3]).toMatchObject({ after: 'up', taken: [], context: null });
    expect(steps[3]!.diverged).toContain('the chart of this version leads to');
    expect(steps[4]!.diverged).not.toBeNull();
  });

  it('is told as recorded when its beginning is gone, or its chart is not known', async () => {
    const records = await webOf();

    expect(lifeOf(records.slice(2), MACHINES).steps[0]).toMatchObject({ context: null });
    expect(lifeOf(records, {}).steps.map(({ after }) => after)).toEqual(
      records.map(({ value }) => value)
    );
    expect(lifeOf([], MACHINES).steps).toEqual([]);
  });

  it('is followed from the snapshot of its first record that is left', async () => {
    const records = await webOf();
    const { steps } = lifeOf(records, MACHINES);
    const [value, context] = [records[2]!.value, steps[2]!.context];
    const snapshot = { status: 'active', value, context, children: {}, historyValue: {} };

    const rest = lifeOf([{ ...records[2]!, snapshot }, ...records.slice(3)], MACHINES);

    expect(rest.steps.map(({ diverged }) => diverged)).toEqual(rest.steps.map(() => null));
    expect(rest.steps.at(-1)!.context).toEqual(steps.at(-1)!.context);
    expect(rest.steps[1]!.taken).toEqual(steps[3]!.taken);
  });
});

describe('a state value', () => {
  it('is told in one line, and names every state that is active', () => {
    const value = { tearingDown: { detaching: 'deleting' } };

    expect(stateText(value)).toBe('tearingDown.detaching.deleting');
    expect(stateText({ up: { links: 'ok', names: 'stale' } })).toBe('up.links.ok, names.stale');
    expect(activeStates('container', value)).toEqual([
      'container',
      'container.tearingDown',
      'container.tearingDown.detaching',
      'container.tearingDown.detaching.deleting'
    ]);
  });
});

async function webOf(): Promise<readonly JournalRecord[]> {
  const host = played();
  await host.up('web', ['front', 'back']);
  await host.down('web');
  return (await host.records()).filter(({ key }) => key === 'container/web');
}
