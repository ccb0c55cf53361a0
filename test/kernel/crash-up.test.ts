import { expect, it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import {
  boundariesOf,
  CHAINS,
  expectConverges,
  nextAt,
  play,
  useFront,
  web
} from './crash.fixture.ts';

const host = useSandbox();
const front = useFront(host, CHAINS.short);

it('leaves nothing behind wherever a crash of `up` comes, whatever is asked next', async () => {
  const boundaries = await boundariesOf(host, { steps: [{ up: web }] });
  console.log(boundaries.length, boundaries.join('; '));
  await play(host, { steps: [{ down: 'web' }] });
  for (const [index] of boundaries.entries()) {
    const killed = await play(host, { steps: [{ up: web }], stopAt: index + 1 });
    expect(killed).toBeUndefined();
    try {
      await expectConverges(host, nextAt(index), front);
    } catch (error) {
      throw new Error(`killed ${boundaries[index]!} (${index + 1})`, { cause: error });
    }
  }
});
