// node many.fixture.mjs up|down ID...: all at once, in one process.
import { Mooring } from '../../dist/bundle/index.js';

const [verb, ...ids] = process.argv.slice(2);
const mooring = await Mooring.open();
const work = {
  up: (id) => mooring.up({ id, networks: [{ name: 'front' }], ports: [{ containerPort: 80 }] }),
  down: (id) => mooring.down(id)
};
try {
  await Promise.all(ids.map(work[verb]));
} catch (error) {
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await mooring.close();
}
