import { it } from 'vitest';
import { told } from './host.ts';
it('dev', async () => {
  const from = Number(process.env['FROM'] ?? 1),
    count = Number(process.env['COUNT'] ?? 5);
  let bad = 0;
  const begun = Date.now();
  for await (const { seed, differences, records } of told(
    Array.from({ length: count }, (_, i) => from + i)
  )) {
    if (differences.length) bad++;
    console.log(seed, records, differences.slice(0, 12).join('\n    '));
  }
  console.log('bad', bad, 'ms', Date.now() - begun);
}, 600_000);
