import { describe, expect, it } from 'vitest';
import {
  MACHINES,
  replay,
  simulate,
  traceLines,
  whatIf,
  whatIfLines,
  type Command,
  type JournalInput
} from '../../src/testing.ts';
import { PLANTS } from '../simulator/plants/all.ts';
import { JOURNALS } from './corpus.ts';

const up: Command = { verb: 'up', container: 'web', networks: ['front', 'back'], ports: [8080] };
const down: Command = { verb: 'down', container: 'web' };

/** Charts that never delete a network whose ADD failed. */
const FORGETFUL = PLANTS.find(({ issue }) => issue === 'containerd#5768')!.plants.machines!(
  MACHINES
);

describe('a journal that goes on otherwise', () => {
  it('unwinds what an answer refused, and does what was asked for later', async () => {
    const change = { at: 'container/web 4', answer: 'cni.11' };
    const result = await whatIf(await journalOf(up, down), change);

    expect(result.violations).toEqual([]);
    expect(result.steps.filter((step) => step.startsWith('container/'))).toEqual([
      'container/web 4 attachment.addFailed back (cni.11) -> tearingDown.detaching.deleting',
      'container/web 5 attachment.deleted back -> tearingDown.detaching.deleting',
      'container/web 6 attachment.deleted front -> tearingDown.releasing',
      'container/web 7 resources.released -> failed',
      'container/web 8 container.down -> absent'
    ]);
    expect(whatIfLines('web.jsonl', change, result)[0]).toMatch(
      /^web\.jsonl: every invariant holds \(\d+ records as recorded, then container\/web 4 refused \(cni\.11\)\)$/
    );
  });

  it('is a journal itself, which replays and says what was changed', async () => {
    const change = { at: 'container/web 3', answer: 'cni.11' };
    const { lines } = await whatIf(await journalOf(up), change);

    const again = replay({ text: lines });

    expect(again.verdict).toBe('identical');
    expect(again.simulation).toEqual({ whatIf: change, violations: [] });
  });

  it.each([
    ['crash', 'container/web 3 attachment.addFailed front (mooring.interrupted)'],
    ['reboot', 'container/web 3 container.rebooted'],
    ['netnsGone', 'container/web 3 attachment.addFailed front (cni.100)']
  ] as const)('goes on from a %s', async (fault, next) => {
    const result = await whatIf(await journalOf(up), { at: 'container/web 2', fault });

    expect(result.violations).toEqual([]);
    expect(result.steps.find((step) => step.startsWith('container/web 3'))).toContain(next);
  });

  it('takes another answer as it is given', async () => {
    const answer = {
      type: 'attachment.delFailed',
      container: 'web',
      network: 'back',
      failure: { code: 'cni.5', message: 'no room' }
    } as const;
    const result = await whatIf(await journalOf(up, down), { at: 'container/web 7', answer });

    expect(result.steps.slice(0, 2)).toEqual([
      'container/web 7 attachment.delFailed back (cni.5) -> tearingDown.detaching.backingOff',
      'container/web 8 timer.fired backoff -> tearingDown.detaching.deleting'
    ]);
  });

  it('tells which invariant other charts violate there', async () => {
    const change = { at: 'container/web 4', answer: 'cni.11' };
    const result = await whatIf(await journalOf(up, down), change, { machines: FORGETFUL });

    expect(result.violations).toContainEqual(expect.objectContaining({ invariant: 'I1' }));
    expect(whatIfLines('web.jsonl', change, result)[0]).toMatch(/^web\.jsonl: violates I1: /);
  });

  it('follows what was recorded on a host', async () => {
    const [[, path]] = JOURNALS.filter(([name]) => name === 'crash-up.jsonl') as [
      readonly [string, string]
    ];
    const result = await whatIf(path, { at: 'container/web 3', answer: 'cni.11' });

    expect(result.violations).toEqual([]);
    expect(result.followed).toBeGreaterThan(5);
    expect(result.steps[0]).toMatch(/^container\/web 3 attachment.addFailed front \(cni.11\) -> /);
  });

  it.each([
    ['container/web 99', 'journal.noRecord'],
    ['container/web 1', 'journal.notAnAnswer']
  ])('does not begin at %s: %s', async (at, code) => {
    await expect(whatIf(await journalOf(up), { at, answer: 'cni.11' })).rejects.toMatchObject({
      code
    });
  });

  it('says where charts do otherwise before the record is come to', async () => {
    const refused = await whatIf(await journalOf(up), { at: 'container/web 4', answer: 'cni.11' });
    const journal = { text: refused.lines };

    const asked = whatIf(
      journal,
      { at: 'container/web 6', fault: 'crash' },
      { machines: FORGETFUL }
    );

    await expect(asked).rejects.toMatchObject({
      code: 'journal.notFollowed',
      message: expect.stringMatching(
        /^the simulator does not come to container\/web 6: container\/web 5 attachment.deleted front -> /
      ) as string
    });
  });
});

async function journalOf(...commands: readonly Command[]): Promise<JournalInput> {
  const networks = ['front', 'back'].map((name) => ({ name, dualStack: false, addresses: 20 }));
  const run = await simulate({
    ...{ seed: 1, store: 'embedded', jitter: 0, faults: [] },
    hosts: [{ name: 'h0', processes: 1, agent: false, networks }],
    steps: commands.map((command, index) => ({
      ...{ atMs: index * 3_000, host: 'h0', process: 0, command }
    }))
  });
  return { text: traceLines(run) };
}
