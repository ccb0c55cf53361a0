// mooring unshare -- node interleaved.fixture.mjs CONTAINER NETWORK ROUNDS: brings a container up and
// down again so often, and says each time whether the private host was connected meanwhile.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Mooring } from '../../dist/bundle/index.js';

const [id, network, rounds] = process.argv.slice(2);
const { id: host } = JSON.parse(readFileSync('/run/mooring/private-host.json', 'utf8'));
const mooring = await Mooring.open();
for (let round = 0; round < Number(rounds); round += 1) {
  const container = await mooring.up({ id, networks: [{ name: network }] });
  const [address] = networkInterfaces().tap0 ?? [];
  console.log(`${host} ${address?.address ?? 'not connected'}`);
  await container.down();
}
await mooring.close();
