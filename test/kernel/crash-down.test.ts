import { expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import {
  boundariesOf,
  CHAINS,
  expectConverges,
  nextAt,
  play,
  useFront,
  web,
  type Plan
} from './crash.fixture.ts';

const host = useSandbox();
const front = useFront(host, CHAINS.short);

it('leaves nothing behind wherever a crash of `down` comes, whatever is asked next', async () => {
  const plan: Plan = { steps: [{ up: web }, { down: 'web' }], from: 1 };
  const boundaries = await boundariesOf(host, plan);
  console.log(boundaries.length, boundaries.join('; '));
  for (const [index] of boundaries.entries()) {
    const killed = await play(host, { ...plan, stopAt: index + 1 });
    expect(killed).toBeUndefined();
    try {
      await expectConverges(host, nextAt(index), front);
    } catch (error) {
      throw new Error(`killed ${boundaries[index]!} (${index + 1})`, { cause: error });
    }
  }
});
