import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openHosted } from '../../src/store/hosted/open.ts';
import { hostKeys } from '../../src/store/redis/keys.ts';
import { conforms } from '../store/conformance.ts';
import { startServer, type Server } from './server.fixture.ts';

let server: Server;
let count = 0;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

conforms('files and redis', async () => {
  count += 1;
  const root = mkdtempSync(join(tmpdir(), 'mooring-hosted-'));
  const prefix = `h${count}`;
  return {
    open: () =>
      openHosted({
        url: `${server.url}?prefix=${prefix}&patience=5000`,
        root,
        host: 'a',
        boot: 'boot',
        kinds: ['container', 'namespace', 'network'],
        onTrouble: (error) => {
          throw error;
        }
      }),
    async breakLease(key) {
      await server.admin.del(hostKeys(prefix, 'a').lease(key));
      rmSync(join(root, 'locks', `${key.kind}.${key.id}.lock`));
    },
    dispose: async () => rmSync(root, { recursive: true })
  };
});
