// One end of what `forward.mjs` measures: node forward-peer.mjs MODE …; prints one line of JSON.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [mode, ...args] = process.argv.slice(2);
const CHUNK = Buffer.alloc(1024 * 1024);
const AT_ONCE = 16;

const modes = {
  // A client that sends is read to its end; one that says `f` is sent to until it closes.
  serve(bulk, echo) {
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first) => {
        if (first[0] === 102) pour(socket);
      });
      socket.on('data', () => undefined);
    }).listen(Number(bulk), '0.0.0.0');
    createServer((socket) =>
      socket
        .setNoDelay(true)
        .pipe(socket)
        .on('error', () => undefined)
    ).listen(Number(echo), '0.0.0.0', () => console.log('listening'));
    const udp = createSocket('udp4');
    udp.on('message', (data, { port, address }) => udp.send(data, port, address));
    udp.bind(Number(echo), '0.0.0.0');
    process.on('SIGTERM', () => process.exit());
  },
  async forward(netns, bulk, echo) {
    const { startForwarder } = await import('../dist/effects/forward/forwarder.js');
    const { parsePublish } = await import('../dist/model/port.js');
    const options = { onTrouble: console.error, udpIdleMs: 60_000, flowsMax: 10_000 };
    const forwarder = startForwarder(options);
    const ports = [`127.0.0.1:${bulk}:6000`, `127.0.0.1:${echo}:6001/tcp,udp`].flatMap(
      parsePublish
    );
    const { signal } = new AbortController();
    await forwarder.publish('one', ports, { taken: [], signal });
    await forwarder.aim('one', { netns: JSON.parse(netns), addresses: ['10.90.0.5'] });
    console.log('ready');
    const going = setInterval(() => undefined, 1e6);
    process.once('SIGTERM', () => void forwarder.close().then(() => clearInterval(going)));
  },
  async send(address, port, seconds) {
    const socket = await opened(address, port);
    const begun = performance.now();
    pour(socket);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const bytes = socket.bytesWritten - socket.writableLength;
    say({ bytes, seconds: (performance.now() - begun) / 1000 });
    socket.destroy();
  },
  async fetch(address, port, seconds) {
    const buffer = Buffer.alloc(1024 * 1024);
    let bytes = 0;
    const onread = { buffer, callback: (count) => ((bytes += count), true) };
    const socket = connect({ host: address, port: Number(port), onread });
    await once(socket, 'connect');
    const begun = performance.now();
    socket.write('f');
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    say({ bytes, seconds: (performance.now() - begun) / 1000 });
    socket.destroy();
  },
  async ping(address, port, seconds) {
    const socket = await opened(address, port);
    const times = [];
    const until = performance.now() + seconds * 500;
    while (performance.now() < until) {
      const begun = performance.now();
      socket.write('x'.repeat(64));
      await once(socket, 'data');
      times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    say({ p50Us: times[times.length >> 1] * 1000 });
    socket.destroy();
  },
  async connect(address, port, seconds) {
    const begun = performance.now();
    const until = begun + seconds * 1000;
    let connections = 0;
    const client = async () => {
      while (performance.now() < until) {
        const socket = await opened(address, port);
        socket.write('x');
        await once(socket, 'data');
        socket.end();
        await once(socket, 'close');
        connections += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    say({ connections, seconds: (performance.now() - begun) / 1000 });
  },
  // As many are under way at once as a socket's buffer holds.
  async datagrams(address, port, seconds) {
    const socket = createSocket('udp4');
    const data = Buffer.alloc(1_200);
    let answers = 0;
    socket.on('error', () => undefined);
    socket.connect(Number(port), address);
    await once(socket, 'connect');
    const begun = performance.now();
    const until = begun + seconds * 1000;
    const send = () => socket.send(data);
    socket.on('message', () => {
      answers += 1;
      if (performance.now() < until) send();
    });
    // What is lost is replaced.
    const refill = setInterval(() => Array.from({ length: AT_ONCE }, send), 50);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    clearInterval(refill);
    say({ answers, seconds: (performance.now() - begun) / 1000 });
    socket.close();
  }
};

await modes[mode](...args);

async function opened(address, port) {
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function pour(socket) {
  while (socket.writable && socket.write(CHUNK));
  socket.once('drain', () => pour(socket));
}

function say(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
