import { it } from 'vitest';
import { planFor } from '../../src/replay/simulator/generate.ts';
import { simulate } from '../../src/replay/simulator/run.ts';
it('runs', async () => {
  const from = Number(process.env['FROM'] ?? 1), n = Number(process.env['N'] ?? 50);
  const opt = JSON.parse(process.env['OPT'] ?? '{}');
  let life = 0, bad = 0; const t = process.cpuUsage(); const seen = new Map<string, number>();
  for (let seed = from; seed < from + n; seed++) {
    const run = await simulate(planFor(seed, opt), { trace: process.env['TRACE'] === '1' });
    life += run.lifecycles;
    if (process.env['TRACE'] === '1') console.log(JSON.stringify(run.plan) + '\n' + run.trace.join('\n') + '\n' + run.outcomes.join('\n'));
    if (run.violations.length) { bad++; const v = run.violations[0]!; const k = `${v.invariant} ${v.what.replace(/\b(web|db|job|log)-h\d/g,'C').replace(/\d+/g,'N')}`; seen.set(k, (seen.get(k) ?? 0) + 1); if (seen.get(k)! <= 2) console.log(seed, run.plan.store, JSON.stringify(v)); }
  }
  const u = process.cpuUsage(t); const s = (u.user + u.system) / 1e6;
  console.log({ n, life, bad, s, perSec: life / s, runs: n / s });
  console.log([...seen].sort((a, b) => b[1] - a[1]).slice(0, 30));
}, 600_000);
