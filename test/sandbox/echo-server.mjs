// node echo-server.mjs tcp|udp PORT [ADDRESS]: answers every message with the same, and prints
// a line for each: where it came from.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [protocol, port, address = '0.0.0.0'] = process.argv.slice(2);
const print = (line) => process.stdout.write(`${line}\n`);

if (protocol === 'udp') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    print(`from ${from.address}`);
    socket.send(message, from.port, from.address);
  });
  socket.bind(Number(port), address, () => print('listening'));
} else {
  const server = createServer((socket) => {
    print(`from ${socket.remoteAddress}`);
    socket.on('error', (error) => print(`error ${error.code}`));
    socket.pipe(socket);
  });
  server.listen(Number(port), address, () => print('listening'));
}
