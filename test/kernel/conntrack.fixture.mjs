// Run inside a sandbox: node conntrack.fixture.mjs JSON…; forgets connections, prints how many.
import { flushConntrack } from '../../dist/effects/ports/conntrack.js';

for (const ports of process.argv.slice(2)) {
  process.stdout.write(`${await flushConntrack(JSON.parse(ports))}\n`);
}
