import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { embeddedStore, type EmbeddedOptions } from '../../../src/store/embedded/embedded.ts';
import type { Key, Store } from '../../../src/store/store.ts';
import { commitOf } from '../commits.ts';

/** A directory that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A store that is closed after the test. */
export async function opened(options: EmbeddedOptions): Promise<Store> {
  const store = await embeddedStore(options);
  onTestFinished(() => store.close());
  return store;
}

/** Commits counts one after the other under one lease. */
export async function commitAll(store: Store, key: Key, counts: readonly number[], padding = '') {
  const lease = await store.acquire(key, { timeoutMs: 5000 });
  for (const count of counts) await store.commit(lease, commitOf(count, padding));
  await store.release(lease);
}
