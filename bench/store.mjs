import { mkdtempSync } from 'node:fs';
import { embeddedStore } from '../dist/store/embedded/embedded.js';
import { commitOf } from './commit.mjs';
import { line, timed } from './figures.mjs';

const ROUNDS = 2_000;

/** Cost of a lease and of a commit in the embedded store. */
export async function store() {
  console.log('\nstore (embedded)');
  const store = await embeddedStore({ root: mkdtempSync('/tmp/mooring-bench-') });
  const key = { kind: 'container', id: 'web' };
  const leases = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    leases.push(
      await timed(async () => store.release(await store.acquire(key, { timeoutMs: 1_000 })))
    );
  }
  line('  lease taken and given back', leases);

  const lease = await store.acquire(key, { timeoutMs: 1_000 });
  const commits = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    commits.push(await timed(() => store.commit(lease, commitOf(round))));
  }
  line('  commit of 2 KiB', commits);
  await store.forget(lease);
  await store.release(lease);
  await store.close();
}
