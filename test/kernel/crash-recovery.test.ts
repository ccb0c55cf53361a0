import { expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import {
  argvOf,
  boundariesOf,
  CHAINS,
  expectConverges,
  explained,
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
  expect(names).toContain(boundary);
  const killed = await play(host, { ...plan, stopAt: names.indexOf(boundary) + 1 });
  expect(killed).toBeUndefined();
}

it.each([
  ['before cni.add', UP],
  ['after cni.add', UP],
  ['before cni.del', DOWN],
  ['after cni.del', DOWN]
] as const)('leaves nothing of the whole chain behind after a crash %s', async (boundary, plan) => {
  await crash(plan, boundary);

  await expectConverges(host, { recover: true }, front);
});

it.each([
  ['after cni.add', UP],
  ['after cni.del', DOWN]
] as const)('may crash %s, and again at any point of recovering', async (boundary, plan) => {
  const stopAt = (await boundariesOf(host, plan)).indexOf(boundary) + 1;

  for (let again = 1, killed = true; killed; again += 3) {
    await play(host, { ...plan, stopAt });
    killed = (await play(host, { steps: [{ recover: true }], stopAt: again })) === undefined;
    await explained(`killed ${boundary}, and again at ${again}`, () =>
      expectConverges(host, { recover: true }, front)
    );
  }
});

it('is recovered once, when two processes do it at the same time', async () => {
  await crash(UP, 'after cni.add');
  expect(await play(host, { steps: [db], stopAt: 18 })).toBeUndefined();

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
});

// `nsenter` would stop along with what it has started.
const APART = '"$@" & echo $!; wait $!';

function failuresOf(played: Played | undefined): readonly unknown[] {
  const [done] = played!.results;
  const recovered = done!.value as readonly { readonly failure?: unknown }[];
  return recovered.filter(({ failure }) => failure !== undefined);
}
