// node forward-client.fixture.mjs MODE ADDRESS PORT …: a client of a published port.
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const [mode, address, port, megabytes] = process.argv.slice(2);
const socket = connect({ host: address, port: Number(port), allowHalfOpen: true });
const say = (line) => process.stdout.write(`${line}\n`);
socket.on('error', ({ code }) => say(`error ${code}`));

const modes = {
  // Says `hi`, tells each answer, and how it ends.
  stay() {
    socket.on('connect', () => say('connected'));
    socket.write('hi');
    socket.on('data', (data) => say(`answer ${data.toString()}`));
    socket.on('end', () => say('ended'));
    setInterval(() => socket.write('on'), 50).unref();
  },
  // Sends so much, ends, and reads what comes back more slowly.
  whole() {
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    let left = Number(megabytes);
    let bytes = 0;
    const write = () => {
      while (left > 0) {
        const chunk = randomBytes(1024 * 1024);
        sent.update(chunk);
        left -= 1;
        if (!socket.write(chunk)) return void socket.once('drain', write);
      }
      socket.end();
    };
    write();
    socket.on('data', (data) => {
      got.update(data);
      const before = bytes;
      bytes += data.length;
      if (before >> 20 === bytes >> 20) return;
      socket.pause();
      setTimeout(() => socket.resume(), 2);
    });
    socket.on('end', () => say(`${bytes} ${got.digest('hex') === sent.digest('hex')}`));
  },
  // Sends without reading until nothing more is taken.
  flood() {
    const chunk = Buffer.alloc(1024 * 1024);
    let blocked;
    const write = () => {
      clearTimeout(blocked);
      while (socket.write(chunk));
      blocked = setTimeout(() => say('blocked'), 500);
      socket.once('drain', write);
    };
    write();
    socket.pause();
  }
};

modes[mode]();
