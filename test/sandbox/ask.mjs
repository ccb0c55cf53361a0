// node ask.mjs tcp|udp ADDRESS PORT MESSAGE [TIMEOUT_MS]: prints the answer, or fails with the
// error's code.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [protocol, address, port, message, timeoutMs = '5000'] = process.argv.slice(2);

setTimeout(() => end(1, 'no answer'), Number(timeoutMs));

if (protocol === 'udp') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (answer) => end(0, answer.toString()));
  socket.on('error', (error) => end(1, error.code));
  socket.connect(Number(port), address, () => socket.send(message));
} else {
  const socket = connect(Number(port), address, () => socket.write(message));
  socket.on('data', (answer) => end(0, answer.toString()));
  socket.on('error', (error) => end(1, error.code));
}

function end(code, line) {
  const stream = code === 0 ? process.stdout : process.stderr;
  stream.write(`${line}\n`, () => process.exit(code));
}
