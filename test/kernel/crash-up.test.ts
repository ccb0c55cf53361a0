import { it } from 'vitest';
import { useSandbox } from '../sandbox/sandbox.ts';
import { CHAINS, expectSurvives, useFront, web } from './crash.fixture.ts';

const host = useSandbox();
const front = useFront(host, CHAINS.short);

it(
  'leaves nothing behind wherever a crash of `up` comes, whatever is asked next',
  () => expectSurvives(host, { steps: [{ up: web }] }, front),
  300_000
);
