// The links of the hosts, in a process that nothing else keeps busy: `{ host, ms }` makes one slow.
import { startLink } from '../link.mjs';

const [server, ports, ...hosts] = process.argv.slice(2);
const links = new Map();
for (const [host, address] of hosts.map((text) => text.split('='))) {
  const started = ports
    .split(',')
    .map(Number)
    .map((port) => startLink({ host: address, port }, { host: server, port }));
  links.set(host, await Promise.all(started));
}
process.on('message', ({ host, ms }) => {
  for (const link of links.get(host)) link.slow(ms);
});
// Whoever started it has ended.
process.on('disconnect', () => process.exit());
process.send('ready');
