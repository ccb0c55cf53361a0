// A relay between clients and a server, in whose place a link can be slow.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * @param {import('node:net').ListenOptions} at where it listens
 * @param {import('node:net').NetConnectOpts} server
 */
export async function startLink(at, server) {
  let delayMs = 0;
  const sockets = new Set();
  const relay = createServer((client) => {
    const far = connect(server);
    for (const [one, other] of [
      [client, far],
      [far, client]
    ]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => sockets.delete(one));
      pass(one, other, () => delayMs);
    }
  });
  relay.listen(at);
  await once(relay, 'listening');
  return {
    /** @param {number} ms that all takes from now on, each way */
    slow(ms) {
      delayMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      relay.close();
      await once(relay, 'close');
    }
  };
}

/** Hands on what comes, the end too, each after its delay and none before another. */
function pass(from, to, delayMs) {
  const queue = [];
  let timer;
  const put = (hand) => {
    queue.push({ hand, at: performance.now() + delayMs() });
    if (timer === undefined) drain();
  };
  from.on('data', (chunk) => put(() => to.writable && to.write(chunk)));
  from.on('close', () => put(() => to.destroy()));

  function drain() {
    timer = undefined;
    while (queue.length > 0) {
      const leftMs = queue[0].at - performance.now();
      if (leftMs > 0) return void (timer = setTimeout(drain, leftMs));
      queue.shift().hand();
    }
  }
}
