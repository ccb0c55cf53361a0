import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashes } from '../../src/journal/file.ts';
import { seal } from '../../src/store/record.ts';
import { exported, recorded, upAndDown } from '../journal/recorded.ts';

const FIXTURE = fileURLToPath(new URL('./long.fixture.mjs', import.meta.url));
const MEBIBYTE = 1024 * 1024;
/** What the process may keep; the charts and XState take ten of it. */
const HEAP = 24;
const LIVES = 20_000;

let folder: string;
let path: string;
let records: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-long-'));
  path = join(folder, 'long.jsonl');
  const [header, ...rest] = await exported(await recorded(upAndDown), ['namespace/web']);
  records = writeLives(header!, rest.slice(0, -1));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('replays a file that is longer than its memory, life after life', () => {
  const args = [`--max-old-space-size=${HEAP}`, FIXTURE, path];
  const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as unknown;

  expect(statSync(path).size).toBeGreaterThan(1.5 * HEAP * MEBIBYTE);
  expect(said).toEqual({ verdict: 'identical', events: records, lives: LIVES });
});

/** A life that is lived again and again says the same to the letter. */
function writeLives(header: string, life: readonly string[]): number {
  const sums = hashes();
  const fd = openSync(path, 'w');
  const hashOf = (line: string) => line.slice(-34, -2);
  writeSync(fd, `${header}\n`);
  sums.add(hashOf(header));
  const [text, own] = [`${life.join('\n')}\n`, life.map(hashOf)];
  for (let lived = 0; lived < LIVES; lived += 1) {
    writeSync(fd, text);
    for (const hash of own) sums.add(hash);
  }
  const count = LIVES * life.length;
  writeSync(fd, seal({ v: 1, records: count, lines: sums.digest() }).line);
  closeSync(fd);
  return count;
}
