import { closeSync, readSync, writeSync } from 'node:fs';
import { EPOLLIN, EPOLLOUT } from '../../syscalls/epoll.ts';
import { endWriting, resetStream } from '../../syscalls/stream-socket.ts';
import { isBroken, isHungUp, type Loop, type Watch } from './loop.ts';

/** Two connected sockets; they are closed when it ends. */
export interface RelayEnds {
  readonly client: number;
  readonly container: number;
  /** Whether the container has not answered yet. */
  readonly connecting: boolean;
}

export interface RelayEvents {
  /** Bytes that went to the container or from it. */
  moved(bytes: number, toContainer: boolean): void;
  /** @param wasRefused the container did not take the connection */
  ended(wasRefused: boolean): void;
}

interface End {
  readonly fd: number;
  readonly watch: Watch;
  readonly isContainer: boolean;
  /** Nothing more is read from it. */
  hasEnded: boolean;
  /** Nothing more can be written to it. */
  isDeaf: boolean;
  /** What it could not take yet. */
  waiting: Buffer | undefined;
  /** How much is read from it at once. */
  bite: number;
  peer: End;
}

// What is read at once grows as long as there is more: small pieces are many, and fast, and a large
// one is kept when the other end stops to read.
const BITE_MIN = 64 * 1024;
const BITE_MAX = 512 * 1024;
// One for the thread: what is read is written at once, or copied.
const buffer = Buffer.allocUnsafeSlow(BITE_MAX);

/**
 * Passes bytes between two sockets, both ways, until both ways have ended or one end is reset.
 *
 * The end of one way is passed on when all before it is, and the other way goes on. Nothing is read
 * from an end while the other one does not take what was read.
 *
 * @returns what resets both
 */
export function relay(loop: Loop, ends: RelayEnds, events: RelayEvents): () => void {
  let isConnecting = ends.connecting;
  let isOver = false;

  const end = (fd: number, isContainer: boolean): End => {
    const watch = loop.watch(fd, 0, (happened) => handle(self, happened));
    const self: End = {
      fd,
      watch,
      isContainer,
      hasEnded: false,
      isDeaf: false,
      waiting: undefined,
      bite: BITE_MIN,
      peer: undefined as unknown as End
    };
    return self;
  };
  const client = end(ends.client, false);
  const container = end(ends.container, true);
  client.peer = container;
  container.peer = client;
  wait();

  return () => finish(resetStream, false);

  function handle(self: End, happened: number): void {
    if (isConnecting) {
      if (isBroken(happened) || isHungUp(happened)) return finish(resetStream, self.isContainer);
      isConnecting = false;
    } else {
      if ((happened & EPOLLOUT) !== 0) drain(self);
      if (reads(self) && (happened & ~EPOLLOUT) !== 0) pump(self);
      else if (isBroken(happened) && !self.hasEnded) return finish(resetStream, false);
      else if (isBroken(happened)) deafen(self);
      if (isHungUp(happened) && !reads(self)) self.watch.pause();
    }
    if (isOver) return;
    const isDone = client.hasEnded && container.hasEnded;
    if (isDone && client.waiting === undefined && container.waiting === undefined) {
      return finish(closeSync, false);
    }
    wait();
  }

  function pump(self: End): void {
    let count;
    try {
      count = readSync(self.fd, buffer, 0, self.bite, null);
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return;
      // It had closed, and then was sent something: all that it said has been read.
      if (!self.isDeaf) return finish(resetStream, false);
      count = 0;
    }
    if (count === 0) return endOf(self);
    events.moved(count, !self.isContainer);
    write(self.peer, buffer.subarray(0, count));
    if (self.peer.waiting !== undefined) self.bite = BITE_MIN;
    else if (count === self.bite) self.bite = Math.min(self.bite * 2, BITE_MAX);
  }

  function endOf(self: End): void {
    self.hasEnded = true;
    if (self.peer.waiting === undefined) endWriting(self.peer.fd);
  }

  function write(self: End, bytes: Buffer): void {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(self.fd, bytes, done);
      self.waiting = undefined;
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') {
        const isCopy = self.waiting !== undefined;
        self.waiting = isCopy ? bytes.subarray(done) : Buffer.from(bytes.subarray(done));
        return;
      }
      deafen(self);
    }
  }

  // What it said before it closed is still passed on.
  function deafen(self: End): void {
    self.isDeaf = true;
    self.waiting = undefined;
    self.peer.hasEnded = true;
  }

  function drain(self: End): void {
    if (self.waiting === undefined) return;
    write(self, self.waiting);
    if (self.waiting === undefined && self.peer.hasEnded) endWriting(self.fd);
  }

  function reads(self: End): boolean {
    return !self.hasEnded && self.peer.waiting === undefined;
  }

  function wait(): void {
    for (const self of [client, container]) {
      const writes = self.waiting !== undefined || (isConnecting && self.isContainer);
      self.watch.set((!isConnecting && reads(self) ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0));
    }
  }

  function finish(close: (fd: number) => void, wasRefused: boolean): void {
    if (isOver) return;
    isOver = true;
    for (const self of [client, container]) {
      self.watch.end();
      close(self.fd);
    }
    events.ended(wasRefused);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
