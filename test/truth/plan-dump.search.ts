import { it } from 'vitest';
import { simulate } from '../../src/testing.ts';
import { truthPlan } from './plan.ts';
it('dump', async () => {
  const plan = truthPlan(Number(process.env['FROM']));
  const run = await simulate(plan, { trace: true });
  console.log(JSON.stringify(plan.faults), JSON.stringify(plan.hosts));
  console.log(run.trace.filter((l) => !/ (add|remove) /.test(l)).join('\n'));
});
