// What a verified replay costs beside the bare machine, and how fast containers live and die in the
// simulator. Shares of CPU time: what others do on the machine counts for nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createActor } from 'xstate';
import { recordWriter } from '../dist/journal/export.js';
import { lineWriter } from '../dist/journal/file.js';
import { MACHINES, planFor, replay as replayed, simulate } from '../dist/testing.js';

const SEEDS = 400;

export async function replay() {
  const lives = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const run = await simulate(planFor(seed, { store: 'embedded' }));
    lives.push(...run.lives);
  }
  const size = lives.reduce((sum, life) => sum + life.length, 0);
  const directory = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
  try {
    const file = journalOf(lives, directory, 'short.jsonl', Math.ceil(20_000 / size));
    compare(lives, file);
    const long = journalOf(lives, directory, 'long.jsonl', Math.ceil(1_000_000 / size));
    inOneProcess(long.path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  // In a process of its own, since what else it has run makes Node's code slower.
  const simulating = fileURLToPath(new URL('./simulating.mjs', import.meta.url));
  spawnSync(process.execPath, [simulating], { stdio: 'inherit' });
}

function compare(lives, { path, times }) {
  const rounds = Array.from({ length: 5 }, () => {
    let begun = process.cpuUsage();
    for (let time = 0; time < times; time += 1) for (const life of lives) sendBare(life);
    const bare = cpuMs(begun);
    begun = process.cpuUsage();
    replayed(path);
    return bare / cpuMs(begun);
  }).sort((one, other) => one - other);
  const share = (ratio) => `${(ratio * 100).toFixed(0)} %`;
  console.log(
    `verified replay: ${share(rounds[2])} of bare actor.send (${share(rounds[0])} to ${share(rounds[4])})`
  );
}

/** What `mooring replay` of a file takes, in a process that does nothing else. */
function inOneProcess(path) {
  const begun = performance.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', TELLS_MEMORY, MOORING, 'replay', path],
    { encoding: 'utf8' }
  );
  if (status !== 0) throw new Error(`mooring replay: ${stdout}${stderr}`);
  const said = stdout.trim().replace(`${path}: `, '');
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
  const mebibytes = (Number(stderr) / 1_024).toFixed(0);
  console.log(`mooring replay: ${said}, in ${seconds} s, at most ${mebibytes} MiB resident`);
}

const MOORING = fileURLToPath(new URL('../bin/mooring.js', import.meta.url));
const TELLS_MEMORY =
  'data:text/javascript,process.on("exit",()=>console.error(process.resourceUsage().maxRSS))';

function sendBare(life) {
  const { kind, id } = life[0].key;
  const { machine, input } = MACHINES[kind];
  const actor = createActor(machine, { input: input(id) }).start();
  for (const { commit } of life) actor.send(commit.event);
}

/** The lives written one after the other, some times over. */
function journalOf(lives, directory, name, times) {
  const path = join(directory, name);
  const fd = openSync(path, 'w');
  const file = lineWriter();
  const say = (line) => writeSync(fd, `${line}\n`);
  say(file.header());
  for (let time = 0; time < times; time += 1) {
    for (const life of lives) {
      const write = recordWriter(file);
      say(life.map((kept) => write(recordOf(kept))).join('\n'));
    }
  }
  say(file.trailer());
  closeSync(fd);
  return { path, times };
}

/** As a store has it: fields in another order would have to be parsed, and are nobody's. */
function recordOf({ seq, time, host, boot, key, token, commit }) {
  const { event, requests, value, machine, causation, correlation, snapshot, outstanding } = commit;
  const earlier = outstanding.filter(({ id }) => !requests.some((request) => request.id === id));
  const text = `${key.kind}/${key.id}`;
  return {
    ...{ v: 1, seq, time, host, boot, key: text, token, machine, event, requests, value },
    ...{ causation, correlation, prev: '', snapshot, earlier, hash: '' }
  };
}

function cpuMs(begun) {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}
