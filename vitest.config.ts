import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Threads share ffi-rs' unsynchronised symbol table and crash; a process each does not.
// Under `development` XState refuses to persist what could not be restored.
const everywhere = { pool: 'forks' as const, execArgv: ['--conditions=development'] };

const kernel = 'test/kernel/**/*.test.ts';
const redis = 'test/redis/**/*.test.ts';
const rootless = 'test/rootless/**/*.test.ts';
const browser = 'test/browser/**/*.test.ts';
/** Long searches, which no gate waits for. */
const search = 'test/**/*.search.ts';
const elsewhere = ['**/node_modules/**', '**/dist/**'];

// What `mooring replay --to-test` writes runs here against the sources, without a build.
const asInstalled = [
  { find: /^mooring\/testing$/, replacement: join(import.meta.dirname, 'src/testing.ts') },
  {
    find: /^mooring\/testing\/vitest$/,
    replacement: join(import.meta.dirname, 'src/replay/vitest.ts')
  }
];

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: asInstalled },
        test: {
          ...everywhere,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...elsewhere, kernel, rootless, redis, browser],
          testTimeout: 20_000
        }
      },
      {
        test: {
          ...everywhere,
          name: 'kernel',
          include: [kernel],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        test: {
          ...everywhere,
          name: 'rootless',
          include: [rootless],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        test: {
          ...everywhere,
          name: 'redis',
          include: [redis],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        test: {
          ...everywhere,
          name: 'browser',
          include: [browser],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        test: {
          ...everywhere,
          name: 'search',
          include: [search]
        }
      }
    ]
  }
});
