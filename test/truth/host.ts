import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { simulated, type Course } from './course.ts';
import { differencesOf } from './compare.ts';
import { truthPlan } from './plan.ts';

const FIXTURE = fileURLToPath(new URL('host.fixture.mjs', import.meta.url));
const PRIVATE_HOST = fileURLToPath(new URL('../../scripts/private-host.sh', import.meta.url));
const APART = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Plays plans in the simulator and on a host of its own, one after the other. */
export async function* told(seeds: Iterable<number>): AsyncGenerator<Told> {
  const argv = [...APART, 'sh', PRIVATE_HOST, process.execPath, FIXTURE];
  const host = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  try {
    for (const seed of seeds) {
      const { script, course } = await simulated(truthPlan(seed));
      host.stdin.write(`${JSON.stringify(script)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the host ended at seed ${seed}`);
      const real = JSON.parse(value) as Course;
      yield { seed, differences: differencesOf(course, real), records: recordsIn(course) };
    }
  } finally {
    host.kill('SIGKILL');
  }
}

export interface Told {
  readonly seed: number;
  /** Empty when the simulator told the truth. */
  readonly differences: readonly string[];
  readonly records: number;
}

function recordsIn({ lives }: Course): number {
  return lives.reduce((sum, { records }) => sum + records.length, 0);
}
