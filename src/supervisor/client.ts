import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import { errorOf, MooringError } from '../model/failure.ts';
import {
  hearLines,
  sayLine,
  type Operation,
  type Operations,
  type Question,
  type Reply
} from './protocol.ts';

/** A connection to the supervisor, which stays as long as there is one. */
export interface SupervisorClient {
  /**
   * @param options.timeoutMs after this nobody waits any more
   * @throws MooringError what the supervisor answered; `supervisor.lost` when it has ended,
   *   `supervisor.timedOut`; the signal's reason
   */
  ask<Name extends Operation>(
    op: Name,
    given: Operations[Name]['given'],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal }
  ): Promise<Operations[Name]['answer']>;
  isOpen(): boolean;
  /** Pending questions are answered `supervisor.lost`. */
  close(): void;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** @throws an errno's error, `ENOENT`, `ECONNREFUSED` */
export async function connectSupervisor(path: string): Promise<SupervisorClient> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  return clientOn(socket);
}

function clientOn(socket: Socket): SupervisorClient {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  hearLines(socket, (value) => {
    const reply = value as Reply;
    const one = waiting.get(reply.id);
    if ('failure' in reply) one?.reject(errorOf(reply.failure));
    else one?.resolve(reply.answer);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(lost());
  });
  // Only what waits for an answer keeps this process alive.
  socket.unref();

  return {
    async ask(op, given, { timeoutMs, signal }) {
      signal?.throwIfAborted();
      if (socket.destroyed) throw lost();
      const id = ++lastId;
      socket.ref();
      let timer: NodeJS.Timeout | undefined;
      let onAbort: (() => void) | undefined;
      try {
        return await new Promise<never>((resolve, reject) => {
          waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
          timer = setTimeout(() => reject(timedOut(op, timeoutMs)), timeoutMs);
          onAbort = () => reject(signal!.reason);
          signal?.addEventListener('abort', onAbort);
          // A pair of a name and what belongs to it, which a union can't say.
          sayLine(socket, { id, op, given } as Question);
        });
      } finally {
        clearTimeout(timer);
        if (onAbort) signal?.removeEventListener('abort', onAbort);
        waiting.delete(id);
        if (waiting.size === 0) socket.unref();
      }
    },
    isOpen: () => !socket.destroyed,
    close: () => {
      socket.destroy();
    }
  };
}

function lost(): MooringError {
  return new MooringError('supervisor.lost', 'the supervisor has ended; the next command goes on');
}

function timedOut(op: Operation, timeoutMs: number): MooringError {
  return new MooringError(
    'supervisor.timedOut',
    `the supervisor did not answer ${op} within ${timeoutMs} ms`
  );
}
