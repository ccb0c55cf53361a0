import { mkdirSync, mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import type { Sandbox } from './sandbox.ts';

/** Directory that journals are kept in, `npm run corpus` says which; otherwise none are. */
const KEPT = process.env['MOORING_KEEP_JOURNALS'];

/** Copies what a sandbox has recorded before it goes, for the corpus in `test/journals`. */
export async function keepJournals(run: Sandbox['run']): Promise<void> {
  if (KEPT === undefined) return;
  const file = basename(expect.getState().testPath ?? 'unknown', '.test.ts');
  const directory = join(KEPT, file);
  mkdirSync(directory, { recursive: true });
  const target = mkdtempSync(join(directory, 'sandbox-'));
  const script = 'cd /var/lib/mooring && cp -r history journal "$1" 2>/dev/null; true';
  await run(['sh', '-c', script, 'sh', target]);
}
