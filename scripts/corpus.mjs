// `npm run corpus -- DIR`: makes `test/journals` of what kernel tests have recorded. They keep their
// journals in DIR when MOORING_KEEP_JOURNALS names it: see docs/testing.md.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ROOT } from './steps.mjs';

const FOLDER = join(ROOT, 'test/journals');
const [kept] = process.argv.slice(2);
if (kept === undefined) throw new Error('which directory have the tests kept their journals in?');

build();
const { recordWriter } = await import('../dist/journal/export.js');
const { lineWriter } = await import('../dist/journal/file.js');
const { MACHINES } = await import('../dist/testing.js');
const { machineId } = await import('../dist/actors/machines.js');

const seen = new Set();
const rests = new Map();
mkdirSync(FOLDER, { recursive: true });
for (const name of readdirSync(kept).sort()) {
  const lives = livesIn(join(kept, name)).filter(isNew);
  if (lives.length > 0) writeFileSync(join(FOLDER, `${name}.jsonl`), fileOf(lives));
}
writeFileSync(join(FOLDER, 'rests.jsonl'), `${[...rests.values()].join('\n')}\n`);

// Of lives that went the same way the first is enough.
function isNew(life) {
  const way = life.map(({ key, event, value, requests }) => [
    key.split('/')[0],
    event.type,
    event.failure?.code,
    value,
    requests.map(({ request }) => request.type)
  ]);
  const text = JSON.stringify(way);
  if (seen.has(text)) return false;
  seen.add(text);
  for (const record of life) keepRest(record);
  return true;
}

function keepRest({ key, seq, token, time, boot, machine, value, snapshot, requests, earlier }) {
  const outstanding = [...earlier, ...requests];
  const asked = outstanding.map(({ request }) => request.type);
  const name = JSON.stringify([key.split('/')[0], value, asked]);
  const [kind, id] = key.split('/');
  const rest = { key: { kind, id }, seq, token, time, boot, machine, value, snapshot, outstanding };
  if (!rests.has(name)) rests.set(name, JSON.stringify(rest));
}

/** Whole lives that this version recorded, those of one key in the order they were. */
function livesIn(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((path) => path.endsWith('.jsonl'))
    .map((path) => recordsIn(join(directory, path)))
    .filter(([first]) => first?.seq === 1 && first.machine === current(first.key))
    .sort(([one], [other]) => one.key.localeCompare(other.key) || one.time - other.time);
}

function recordsIn(path) {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function current(key) {
  return machineId(key.split('/')[0], MACHINES);
}

function fileOf(lives) {
  const file = lineWriter();
  const lines = [file.header()];
  for (const life of lives) {
    const write = recordWriter(file);
    for (const record of life) lines.push(write(record));
  }
  return [...lines, file.trailer(), ''].join('\n');
}
