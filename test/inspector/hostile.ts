// What somebody else may have made: journals and recordings that are bent, cut, and full of names
// that mean something to whoever reads them carelessly.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

const JOURNALS = new URL('../journals/', import.meta.url);

/** Lines of journals as they were recorded. */
export const LINES: readonly string[] = readdirSync(JOURNALS)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => readFileSync(new URL(name, JOURNALS), 'utf8').trimEnd().split('\n'));

/** How often a property is tried, and with what: more by `FUZZ_RUNS=100000 FUZZ_SEED=7`. */
export const fuzzed = (numRuns: number) => ({
  numRuns: Number(process.env['FUZZ_RUNS'] ?? numRuns),
  seed: Number(process.env['FUZZ_SEED'] ?? 22)
});

const NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'length'],
  ...['', '/', '//', '..', '../..', '.', 'container/', '/web', 'a/b/c', 'container/../web'],
  ...['\u0000', '\u2028', '\u202e', '\ud800', '\ufeff', 'é', 'ﷺ', '\n', '\r\n', '%00', '%2e%2e%2f'],
  ...['<script>alert(1)</script>', '"', "'", '`', '\\', '${1}', '{{1}}', '--', ';', '$(id)', '*'],
  ...['container.up', 'cni.add', 'NaN', '-0', '1e999', 'null', 'x'.repeat(5_000)]
];

/** A name that is none, or means more than it says. */
export const hostileName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .tuple(fc.constantFrom('container', 'network', 'namespace', 'lease'), fc.constantFrom(...NAMES))
    .map((parts) => parts.join('/'))
);

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** JSON that stands where something else should. */
const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('null', 'true', '0', '-1', '1e308', '9007199254740993', '{}', '[]', '[null]'),
  fc.constantFrom('{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'),
  fc.constantFrom('{"type":"__proto__"}', '{"type":"container.up","spec":{}}', '[[],{}]'),
  fc.constantFrom(nested(100), nested(511), nested(513), nested(20_000)),
  hostileName.map((name) => JSON.stringify(name)),
  fc.json({ maxDepth: 3 })
);

interface Place {
  readonly at: number;
  readonly end: number;
}

// Where names and values stand in a line, found by their look: what is made need not be JSON.
function placesIn(line: string): readonly Place[] {
  const found = line.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\{\}|\[\]/g);
  return [...found].map(({ 0: text, index }) => ({ at: index, end: index + text.length }));
}

const bend = fc
  .tuple(fc.nat(), hostileText, fc.nat(4))
  .map(([where, text, kind]) => (line: string): string => {
    const places = placesIn(line);
    const { at, end } = places[where % Math.max(1, places.length)] ?? { at: 0, end: 0 };
    if (kind === 0) return line.slice(0, at);
    if (kind === 1) return line.slice(0, at) + line.slice(end);
    return line.slice(0, at) + text + line.slice(end);
  });

const bentLine: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...LINES), fc.array(bend, { maxLength: 3 }))
  .map(([line, bends]) => bends.reduce((text, one) => one(text), line));

const bentLines: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 5, arbitrary: bentLine }, hostileText), { maxLength: 12 }),
    fc.constantFrom('\n', '\r\n', '\n\n', ' ', '\u2028')
  )
  .map(([lines, end]) => lines.join(end));

/** A stretch of a real journal, in which a few lines are bent: what a reader follows for a while. */
const bentLife: fc.Arbitrary<string> = fc
  .tuple(fc.nat(LINES.length - 1), fc.array(fc.tuple(fc.nat(29), bend), { maxLength: 4 }))
  .map(([from, bends]) => {
    const lines = LINES.slice(from, from + 30);
    for (const [at, one] of bends) lines[at % lines.length] = one(lines[at % lines.length]!);
    return lines.join('\n');
  });

/** A file that is dropped on the page. */
export const hostileFile: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .tuple(
    fc.oneof(
      bentLines.map((text) => Buffer.from(text)),
      bentLife.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 300 })
    ),
    fc.constantFrom('plain', 'plain', 'zipped', 'cut', 'flipped'),
    fc.nat()
  )
  .map(([bytes, manner, at]) => Uint8Array.from(damaged(bytes, manner, at)));

function damaged(bytes: Uint8Array, manner: string, at: number): Uint8Array {
  if (manner === 'plain') return bytes;
  const zipped = gzipSync(bytes);
  if (manner === 'cut') return zipped.subarray(0, at % zipped.length);
  if (manner === 'flipped') zipped[at % zipped.length]! ^= 1 << (at % 8);
  return zipped;
}

// What is nested deeper could not be written down again.
const hostileValue = hostileText
  .filter((text) => text.length < 10_000)
  .map((text) => JSON.parse(text) as unknown);

/** A value with something else somewhere in it. */
export function hostilePart(value: unknown): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.array(fc.nat(), { minLength: 2, maxLength: 9 }), hostileValue)
    .map(([path, other]) => replaced(value, path, other));
}

function replaced(value: unknown, path: readonly number[], other: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return other;
  const names = Object.keys(value);
  if (names.length === 0) return other;
  const name = names[first % names.length]!;
  const held = (value as Record<string, unknown>)[name];
  const next = replaced(held, rest, other);
  if (Array.isArray(value))
    return value.map((item: unknown, at) => (at === Number(name) ? next : item));
  return { ...value, [name]: next };
}
