// node client.fixture.mjs ADDRESS PORT: sends from one UDP socket until it is killed.
import { createSocket } from 'node:dgram';
import { setInterval } from 'node:timers';

const [address, port] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
// What refuses for a while must not end it.
socket.on('error', () => undefined);
socket.bind(40_000, () => {
  process.stdout.write('sending\n');
  setInterval(() => socket.send('hello', Number(port), address, () => undefined), 20);
});
