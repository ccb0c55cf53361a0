import type { Socket } from 'node:net';
import type { Rest } from '../actors/durable-actor.ts';
import type { Cause } from '../actors/registry.ts';
import type { MooringEvent } from '../bus/events.ts';
import type { ProcessId } from '../effects/process/proc.ts';
import type { PortMapping } from '../model/container.ts';
import type { Failure } from '../model/failure.ts';
import type { Key } from '../store/store.ts';

// One JSON object a line, in both directions. The socket is in a directory of the user's alone.

export const SOCKET_NAME = 'supervisor.sock';

/** What the supervisor can be asked: for each operation what it is given and what it answers. */
export interface Operations {
  readonly hello: { readonly given: null; readonly answer: Hello };
  /**
   * The asker goes. The answer says whether the supervisor goes with it, and all that it keeps, as
   * nothing is up and nobody else is at work.
   */
  readonly leave: { readonly given: null; readonly answer: { readonly leaving: boolean } };
  /** Gives a command to an actor of what stands outside; the answer is where it rests. */
  readonly ask: {
    readonly given: {
      readonly key: Key;
      readonly command: MooringEvent;
      readonly cause: Cause | null;
    };
    readonly answer: Rest;
  };
  /** Brings such an actor to rest. */
  readonly settle: { readonly given: { readonly key: Key }; readonly answer: Rest };
  /** An address of the host that is no loopback; `''` when it has none. */
  readonly hostAddress: { readonly given: null; readonly answer: string };
  /** Chooses host ports that are free, and says of the others whether they are. */
  readonly choosePorts: {
    readonly given: {
      readonly ports: readonly PortMapping[];
      readonly taken: readonly PortMapping[];
    };
    readonly answer: readonly PortMapping[];
  };
}

export type Operation = keyof Operations;

export interface Hello {
  /** Of the private host; `''` where there is none, as for root. */
  readonly host: string;
  readonly root: string;
  readonly store: string;
  readonly supervisor: ProcessId;
  readonly guard: ProcessId;
}

export type Question = {
  [Name in Operation]: {
    readonly id: number;
    readonly op: Name;
    readonly given: Operations[Name]['given'];
  };
}[Operation];

export type Reply = { readonly id: number } & (
  { readonly answer: unknown } | { readonly failure: Failure }
);

/** The longest line that is taken. */
export const LINE_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Hears whole lines on a socket.
 *
 * @param onLine is given what the line says, parsed; a line that is no JSON or too long ends the connection
 */
export function hearLines(socket: Socket, onLine: (value: unknown) => void): void {
  let pending = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop()!;
    if (pending.length > LINE_MAX_BYTES) {
      socket.destroy();
      return;
    }
    for (const line of lines) {
      if (socket.destroyed) return;
      try {
        onLine(JSON.parse(line));
      } catch {
        socket.destroy();
      }
    }
  });
}

export function sayLine(socket: Socket, value: Question | Reply): void {
  if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}
