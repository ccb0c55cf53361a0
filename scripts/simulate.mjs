// `npm run simulate -- --seeds 10000 --from 1`: runs seeds up to the first that fails, which is made
// small and written as a journal.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';

const STORES = ['embedded', 'redis'];
const { from, seeds: wanted, store } = given();

build();
const { explore, failureLines, traceLines } = await import('../dist/testing.js');

const begun = process.cpuUsage();
const { seeds, lifecycles, failure, coverage } = await explore({
  from,
  seeds: wanted,
  ...(store && { store })
});
const { user, system } = process.cpuUsage(begun);
// What fails was made small meanwhile, which is no lifecycle.
const speed = failure
  ? ''
  : `, ${Math.round((lifecycles / (user + system)) * 1e6)} a second of CPU`;
say(`${seeds} seeds, ${lifecycles} lifecycles${speed}`);
say(`${coverage.states.size} states, ${coverage.faults.size} faults by state and boundary`);
if (failure) {
  const file = `simulated-${failure.seed}.jsonl`;
  writeFileSync(file, `${traceLines(failure.run).join('\n')}\n`);
  for (const line of failureLines(failure)) say(line);
  say(`written to ${file}: mooring replay ${file}`);
  process.exitCode = 1;
}

function given() {
  try {
    const { values } = parseArgs({
      options: {
        from: { type: 'string', default: '1' },
        seeds: { type: 'string', default: '1000' },
        store: { type: 'string' }
      }
    });
    if (values.store !== undefined && !STORES.includes(values.store)) {
      throw new Error(`--store ${values.store} is none of ${STORES.join(', ')}`);
    }
    return { ...values, from: whole(values, 'from'), seeds: whole(values, 'seeds') };
  } catch (error) {
    console.error(`simulate: ${error.message}`);
    process.exit(2);
  }
}

function whole(values, name) {
  if (/^[0-9]{1,15}$/.test(values[name])) return Number(values[name]);
  throw new Error(`--${name} ${values[name]} is not a whole number`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
