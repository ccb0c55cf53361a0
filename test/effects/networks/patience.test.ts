import { setFlagsFromString } from 'node:v8';
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { patience } from '../../../src/effects/networks/patience.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('ends though garbage is collected while another signal alone knows of it', async () => {
  const waiting = AbortSignal.any([patience(50), new AbortController().signal]);
  const ended = new Promise((resolve) => waiting.addEventListener('abort', resolve));
  await setImmediate();
  collect();
  await setImmediate();
  collect();
  // A timer of its own keeps the process going, as patience does not.
  const going = setInterval(() => undefined, 1_000);
  await ended;
  clearInterval(going);

  expect(waiting.reason).toMatchObject({ name: 'TimeoutError' });
});
