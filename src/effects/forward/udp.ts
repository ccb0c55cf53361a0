import { closeSync, writeSync } from 'node:fs';
import {
  answerFrom,
  datagrams,
  pinned,
  tellDestination,
  type Recipient
} from '../../syscalls/datagrams.ts';
import { EPOLLIN } from '../../syscalls/epoll.ts';
import { libc } from '../../syscalls/libc.ts';
import { beginConnect } from '../../syscalls/stream-socket.ts';
import type { Ear, Flow, Group } from './group.ts';
import type { Loop, Watch } from './loop.ts';
import type { Listener } from './messages.ts';
import type { Destination } from './target.ts';

export interface UdpOptions {
  /** A client that is silent for so long, both ways, is forgotten. */
  readonly idleMs: number;
}

/** One client of one listener, asking one address of ours. */
interface Client extends Flow {
  /** Socket in the container's direction, connected to it. */
  readonly fd: number;
  readonly recipient: Recipient;
  lastAt: number;
}

// One set for the thread: what is received is sent on before the next is.
const batch = datagrams(32);
const NONE = -1;
const NOTHING = Buffer.alloc(0);

/** Leads datagrams of one listener to the container, and its answers back to each client. */
export function hearDatagrams(
  loop: Loop,
  group: Group,
  listener: Listener,
  { idleMs }: UdpOptions
): Ear {
  tellDestination(listener.fd, listener.family);
  const clients = new Map<string, Client>();
  const watch = loop.watch(listener.fd, 0, receive);
  const { counters } = group;
  let isSweeping = false;
  let hasEnded = false;

  function receive(): void {
    const count = batch.receive(listener.fd);
    for (let index = 0; index < count; index += 1) {
      const client = clientOf(index);
      if (client === undefined) counters.dropped += 1;
      else sendIn(client, batch.data(index));
    }
  }

  function clientOf(index: number): Client | undefined {
    const [sender, destination] = [batch.sender(index), batch.destination(index)];
    const key = sender.toString('latin1') + destination.toString('latin1');
    const known = clients.get(key);
    if (known !== undefined) return known;
    const target = group.target();
    if (target === undefined || counters.open >= group.flowsMax) return undefined;
    const led = target.destination(listener.family);
    const [fd = NONE] = target.open('udp', led.family, 1);
    if (fd < 0) return undefined;
    if (typeof beginConnect(fd, led.name(listener.containerPort)) === 'number') {
      closeSync(fd);
      return undefined;
    }
    const recipient = {
      name: pinned(sender),
      control: pinned(answerFrom(destination, listener.family))
    };
    return start(key, { fd, led, recipient });
  }

  function start(
    key: string,
    { fd, led, recipient }: { fd: number; led: Destination; recipient: Recipient }
  ): Client {
    const answers: Watch = loop.watch(fd, EPOLLIN, () => sendOut(client));
    const client: Client = {
      key: led.key,
      fd,
      recipient,
      lastAt: loop.now(),
      reset() {
        answers.end();
        closeSync(fd);
        clients.delete(key);
        group.delete(client);
      }
    };
    clients.set(key, client);
    counters.accepted += 1;
    group.add(client);
    if (!isSweeping) sweepLater();
    return client;
  }

  function sendIn(client: Client, bytes: Buffer): void {
    client.lastAt = loop.now();
    // The first may only fetch what the container answered to an earlier one: that it has no such port.
    if (trySend(client.fd, bytes) || trySend(client.fd, bytes)) counters.bytesIn += bytes.length;
    else counters.dropped += 1;
  }

  function sendOut(client: Client): void {
    const count = batch.receive(client.fd);
    if (count <= 0) return;
    client.lastAt = loop.now();
    const sent = Math.max(0, batch.send(listener.fd, count, client.recipient));
    counters.dropped += count - sent;
    for (let index = 0; index < sent; index += 1) counters.bytesOut += batch.data(index).length;
  }

  function sweepLater(): void {
    isSweeping = true;
    loop.after(idleMs / 4, () => {
      isSweeping = false;
      if (hasEnded) return;
      const oldest = loop.now() - idleMs;
      for (const client of [...clients.values()]) if (client.lastAt <= oldest) client.reset();
      if (clients.size > 0) sweepLater();
    });
  }

  return {
    // Those that are known are served also when there is no room for others.
    open: (isOpen) => watch.set(isOpen ? EPOLLIN : 0),
    end() {
      hasEnded = true;
      watch.end();
    }
  };
}

function trySend(fd: number, bytes: Buffer): boolean {
  try {
    // Not by write(2), to which nothing is nothing to write.
    if (bytes.length === 0) return libc('send', fd, NOTHING, 0n, 0) === 0;
    return writeSync(fd, bytes) === bytes.length;
  } catch {
    return false;
  }
}
