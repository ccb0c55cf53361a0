import { afterAll, beforeAll } from 'vitest';
import { parseAddress } from '../../src/store/redis/address.ts';
import { connect, type Connection } from '../../src/store/redis/connection.ts';
import { hostKeys } from '../../src/store/redis/keys.ts';
import { redisStore } from '../../src/store/redis/redis.ts';
import type { Key } from '../../src/store/store.ts';
import { conforms } from '../store/conformance.ts';
import { startServer, type Server } from './server.fixture.ts';

let server: Server;
let count = 0;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

conforms('redis', async () => {
  count += 1;
  const address = parseAddress(`${server.url}?prefix=p${count}&patience=5000`);
  const connections: Connection[] = [];
  return {
    async open() {
      const connection = connect(address);
      connections.push(connection);
      return redisStore({ connection, host: 'a' });
    },
    async breakLease(key: Key) {
      await server.admin.del(hostKeys(address.prefix, 'a').lease(key));
    },
    async dispose() {
      for (const connection of connections) connection.close();
    }
  };
});
