// `npm run fuzz`: ten million bent lines, as a hostile recording may have them. It takes minutes, so
// `npm test` has less of it: `intake.test.ts`.
import { expect, it } from 'vitest';
import { BadFile } from '../../src/inspector/page/worker/lines.ts';
import { lineOf } from '../../src/inspector/page/worker/parse.ts';
import { LINES } from './hostile.ts';

const COUNT = Number(process.env['FUZZ_RUNS'] ?? 10_000_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 22);

const SHORT = LINES.filter(({ length }) => length < 700);
const TOKENS = [
  ...['null', 'true', '0', '-1', '1e308', '9007199254740993', '{}', '[]', '[null]', '""', '"/"'],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'],
  ...['"__proto__"', '"constructor"', '"event"', '"key"', '"\\u0000"', '{', '}', '[', ']', '"'],
  ...[',', ':', '\\', '\u2028', '\ud800', '[['.repeat(300), '"container/web"', '[{"type":"x"}]']
];

/** xorshift32: the same numbers for the same seed, below a bound. */
function drawing(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function bent(draw: (bound: number) => number): string {
  let line = SHORT[draw(SHORT.length)]!;
  for (let times = 1 + draw(3); times > 0; times -= 1) {
    const at = draw(line.length + 1);
    const token = TOKENS[draw(TOKENS.length)]!;
    // Over the value that stands there, over a few characters, or to its end.
    const value = /[:,[{]("(?:[^"\\]|\\.)*"|-?\d+|\{\}|\[\]|true|false|null)/.exec(line.slice(at));
    const how = draw(4);
    if (how < 2 && value) {
      const from = at + value.index + 1;
      line = line.slice(0, from) + token + line.slice(from + value[1]!.length);
    } else line = line.slice(0, at) + token + (how === 2 ? '' : line.slice(at + draw(8)));
  }
  return line;
}

it('are records, something else, or refused in a line, and change nothing else', () => {
  const inherited = Object.getOwnPropertyNames(Object.prototype).length;
  const draw = drawing(SEED);
  const told = { record: 0, extra: 0, refused: 0 };
  for (let run = 0; run < COUNT; run += 1) {
    const text = bent(draw);
    try {
      const line = lineOf(text);
      told[line.kind] += 1;
      if (line.kind === 'extra') continue;
      const { key, seq, event, requests } = line.record;
      const isSound =
        key.includes('/') && Number.isSafeInteger(seq) && typeof event.type === 'string';
      if (!isSound || !requests.every(({ request }) => typeof request.type === 'string'))
        expect.fail(`taken for a record: ${text}`);
    } catch (error) {
      if (!(error instanceof BadFile)) throw new Error(`run ${run}: ${text}`, { cause: error });
      told.refused += 1;
    }
  }

  process.stdout.write(`${COUNT} lines: ${JSON.stringify(told)}\n`);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(inherited);
  for (const count of Object.values(told)) expect(count).toBeGreaterThan(COUNT / 1_000);
}, 1_800_000);
