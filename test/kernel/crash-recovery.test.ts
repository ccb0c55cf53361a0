import { describe, expect, it } from 'vitest';
import { expectUnchanged } from '../sandbox/host-state.ts';
import { useSandbox } from '../sandbox/sandbox.ts';
import {
  argvOf,
  boundariesOf,
  CHAINS,
  expectConverges,
  play,
  useFront,
  web,
  type Plan,
  type Played,
  type Step
} from './crash.fixture.ts';

const host = useSandbox();
const front = useFront(host, CHAINS.full);

const UP = { steps: [{ up: web }] } as const;
const DOWN = { steps: [{ up: web }, { down: 'web' }], from: 1 } as const;
const DB = { ...web, id: 'db', ports: [{ hostPort: 8081, containerPort: 80 }] };

const db: Step = { up: DB };

/** Kills a process at the boundary of that name. */
async function crash(plan: typeof UP | typeof DOWN, boundary: string): Promise<void> {
  const names = await boundariesOf(host, plan);
  if (plan === UP) await play(host, { steps: [{ down: 'web' }] });
  expect(names).toContain(boundary);
  const killed = await play(host, { ...plan, stopAt: names.indexOf(boundary) + 1 });
  expect(killed).toBeUndefined();
}

describe.each([
  [UP, 'before cni.add'],
  [UP, 'after cni.add'],
  [DOWN, 'before cni.del'],
  [DOWN, 'after cni.del']
] as const)('with the whole chain, %#', (plan, boundary) => {
  it(`leaves nothing behind after a crash ${boundary}`, async () => {
    await crash(plan, boundary);

    await expectConverges(host, { recover: true }, front);
  });
});

it.each([
  [UP, 'after cni.add'],
  [DOWN, 'after cni.del']
] as const)('may crash again at any point of recovering, %#', async (plan, boundary) => {
  const stopAt = (await boundariesOf(host, plan)).indexOf(boundary) + 1;
  if (plan === UP) await play(host, { steps: [{ down: 'web' }] });

  for (let again = 1, killed = true; killed; again += 3) {
    await play(host, { ...plan, stopAt });
    killed = (await play(host, { steps: [{ recover: true }], stopAt: again })) === undefined;
    try {
      await expectConverges(host, { recover: true }, front);
    } catch (error) {
      throw new Error(`killed ${boundary}, and again at ${again}`, { cause: error });
    }
  }
});

it('is recovered once, when two processes do it at the same time', async () => {
  await crash(UP, 'after cni.add');
  expect(await play(host, { steps: [db], stopAt: 30 })).toBeUndefined();

  const recovered = await Promise.all([1, 2].map(() => play(host, { steps: [{ recover: true }] })));

  expect(recovered.map(failuresOf)).toEqual([[], []]);
  await play(host, { steps: [{ down: 'db' }] });
  await expectConverges(host, { recover: true }, front);
});

it('gives two processes that bring it up after a crash one answer', async () => {
  await crash(DOWN, 'after cni.del');

  const both = await Promise.all([1, 2].map(() => play(host, UP)));

  const [first, second] = both.map((played) => played!.results);
  expect(first).toMatchObject([{ value: { state: 'up' } }]);
  expect(second).toEqual(first);
  await expectConverges(host, { inspect: 'web' }, front);
});

it('says who holds a container that is frozen, and goes on when it is thawed', async () => {
  const names = await boundariesOf(host, UP);
  await play(host, { steps: [{ down: 'web' }] });
  const stopAt = names.indexOf('before cni.add') + 1;
  const plan: Plan = { ...UP, stopAt, signal: 'SIGSTOP' };
  const holder = await host.start(['sh', '-c', APART, 'sh', ...argvOf(plan)]);
  const pid = await holder.line(/^\d+$/);
  await holder.line(/^stopping$/);

  const steps: Step[] = [{ down: 'web' }, { inspect: 'web' }];
  const played = await play(host, { options: { lockTimeoutMs: 300 }, steps });
  await host.run(['kill', '-s', 'CONT', pid]);
  const { stdout } = await holder.done;

  expect(played!.results).toMatchObject([
    { error: { code: 'lease.timedOut', message: expect.stringMatching(`\\b${pid}\\b`) } },
    { value: { state: 'configuring', pending: true } }
  ]);
  expect(JSON.parse(stdout.split('\n').at(-2)!)).toMatchObject({
    results: [{ value: { state: 'up' } }]
  });
  await expectConverges(host, { up: web }, front);
  expectUnchanged(front.before, await host.snapshot());
});

// `nsenter` would stop along with what it has started.
const APART = '"$@" & echo $!; wait $!';

function failuresOf(played: Played | undefined): readonly unknown[] {
  const [done] = played!.results;
  const recovered = done!.value as readonly { readonly failure?: unknown }[];
  return recovered.filter(({ failure }) => failure !== undefined);
}
