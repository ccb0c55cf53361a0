import { it } from 'vitest';
import { whatIf, whatIfLines } from '../../src/testing.ts';
import { JOURNALS } from './corpus.ts';
import { recordedIn } from '../../src/replay/what-if/recorded.ts';
it('x', async () => {
  for (const [name, path] of JOURNALS) {
    try {
    const { byKey, commands } = recordedIn(path);
    console.log(name, [...byKey].map(([k, r]) => k + ':' + r.length).join(' '), commands.length);
    const [key, last] = [...byKey].filter(([k]) => k.startsWith('container')).at(-1)!;
    const change = { at: `${key} ${last.at(-1)!.seq}`, fault: 'crash' } as const;
    const result = await whatIf(path, change);
    console.log(whatIfLines(name, change, result).join('\n'));
    } catch (e) { console.log(name, (e as Error).message.slice(0, 300)); }
  }
});
