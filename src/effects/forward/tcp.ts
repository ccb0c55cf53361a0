import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { EPOLLIN } from '../../syscalls/epoll.ts';
import {
  acceptStream,
  beginConnect,
  resetStream,
  sendAtOnce
} from '../../syscalls/stream-socket.ts';
import type { Ear, Flow, Group } from './group.ts';
import type { Loop } from './loop.ts';
import type { Listener } from './messages.ts';
import { relay } from './relay.ts';
import type { Destination } from './target.ts';

// What is taken at one event; the rest is told again.
const AT_ONCE = 64;
// Without a free descriptor the listener stays ready, and nothing would come of it.
const PAUSE_MS = 100;
const EXHAUSTED: readonly number[] = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].map(
  (name) => -constants.errno[name as 'EMFILE']
);

/** Takes connections off one listener and leads them to the container. */
export function hearConnections(loop: Loop, group: Group, listener: Listener): Ear {
  const watch = loop.watch(listener.fd, 0, take);
  let isOpen = false;
  let hasEnded = false;

  function take(): void {
    const clients: number[] = [];
    while (clients.length < AT_ONCE && group.counters.open + clients.length < group.flowsMax) {
      const client = acceptStream(listener.fd);
      if (client < 0) {
        if (EXHAUSTED.includes(client)) rest();
        break;
      }
      clients.push(client);
    }
    if (clients.length > 0) lead(clients);
  }

  function lead(clients: readonly number[]): void {
    const { counters } = group;
    counters.accepted += clients.length;
    const target = group.target();
    if (target === undefined) return refuse(clients);
    const destination = target.destination(listener.family);
    let sockets: readonly number[];
    try {
      sockets = target.open('tcp', destination.family, clients.length);
    } catch (error) {
      refuse(clients);
      throw error;
    }
    clients.forEach((client, index) => connect(client, sockets[index]!, destination));
  }

  function refuse(clients: readonly number[]): void {
    group.counters.refused += clients.length;
    clients.forEach(resetStream);
  }

  function connect(client: number, container: number, destination: Destination): void {
    const answer =
      container < 0 ? container : begin(container, destination.name(listener.containerPort));
    if (answer === 'done' || answer === 'pending') {
      start(client, container, { destination, connecting: answer === 'pending' });
      return;
    }
    if (container >= 0) closeSync(container);
    refuse([client]);
  }

  function start(
    client: number,
    container: number,
    { destination, connecting }: { readonly destination: Destination; readonly connecting: boolean }
  ): void {
    const { counters } = group;
    const reset = relay(
      loop,
      { client, container, connecting },
      {
        moved(bytes, toContainer) {
          if (toContainer) counters.bytesIn += bytes;
          else counters.bytesOut += bytes;
        },
        ended(wasRefused) {
          if (wasRefused) counters.refused += 1;
          group.delete(flow);
        }
      }
    );
    const flow: Flow = { key: destination.key, reset };
    group.add(flow);
  }

  function rest(): void {
    watch.set(0);
    loop.after(PAUSE_MS, () => {
      if (!hasEnded && isOpen) watch.set(EPOLLIN);
    });
  }

  return {
    open(wanted, hasRoom) {
      isOpen = wanted && hasRoom;
      watch.set(isOpen ? EPOLLIN : 0);
    },
    end() {
      hasEnded = true;
      watch.end();
    }
  };
}

function begin(container: number, name: Buffer): ReturnType<typeof beginConnect> {
  sendAtOnce(container);
  return beginConnect(container, name);
}
