// Connects a container to a network, or takes it off: `connect|disconnect CONTAINER NETWORK`.
import { openMooring } from '../../dist/bundle/index.js';

const [verb, container, network] = process.argv.slice(2);
const mooring = await openMooring();
try {
  if (verb === 'connect') await mooring.connect(container, { name: network, aliases: ['later'] });
  else await mooring.disconnect(container, network);
} finally {
  await mooring.close();
}
