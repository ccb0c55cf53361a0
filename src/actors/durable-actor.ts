import type { Envelope } from '../bus/bus.ts';
import { isRemoval } from '../bus/events.ts';
import type { Json } from '../model/json.ts';
import type { Key } from '../store/store.ts';
import type { RestedActors } from './rested.ts';
import type { Runtime } from './runtime.ts';
import { openSession, type Session } from './session.ts';

/** Where an actor stands once nothing is asked or under way. */
export interface Rest {
  readonly value: Json;
  readonly context: unknown;
  /** When it came there, milliseconds since the epoch. */
  readonly since: number;
}

export interface Asked {
  /** Given back by an aborted `signal` when the command has not been taken yet. */
  readonly signal?: AbortSignal;
  /** Called when the chart has taken the command, not when it meant nothing to it. */
  readonly onTaken?: () => void;
}

/**
 * One actor: takes a lease, restores itself, and takes one event at a time.
 *
 * Each event is a transition, then a commit of event, snapshot and requests in one
 * step, then the requests are performed. When nothing is left to take and nothing is
 * under way it gives the lease back and leaves memory.
 */
export interface DurableActor {
  /** Queues a command. */
  ask(envelope: Envelope, asked?: Asked): Promise<Rest>;
  /** Brings what a dead process left half-way to rest. */
  settle(): Promise<Rest>;
  /** Queues a fact. */
  receive(envelope: Envelope): void;
}

/** Somebody who waits for the actor to rest, with a command or without. */
export interface Visit {
  readonly envelope: Envelope | undefined;
  readonly asked: Asked | undefined;
  readonly resolve: (rest: Rest) => void;
  readonly reject: (error: unknown) => void;
}

/** @param onIdle called when it has left memory: the next event needs a new one */
export function durableActor(
  key: Key,
  runtime: Runtime,
  rested: RestedActors,
  onIdle: () => void
): DurableActor {
  let visits: Visit[] = [];
  let session: Session | undefined;
  let running = false;
  // Answers to what a session asks while it is still being opened: the first may come at once.
  let waiting: Envelope[] = [];

  return {
    ask: (envelope, asked) => visit(envelope, asked),
    settle: () => visit(undefined, undefined),
    receive: (envelope) => {
      if (session) session.deliver(envelope);
      else waiting.push(envelope);
    }
  };

  function visit(envelope: Envelope | undefined, asked: Asked | undefined): Promise<Rest> {
    return new Promise((resolve, reject) => {
      visits.push({ envelope, asked, resolve, reject });
      if (session) session.wake();
      else if (!running) void run();
    });
  }

  async function run(): Promise<void> {
    running = true;
    while (visits.length > 0) {
      const served: Visit[] = [];
      try {
        const removing = visits.every(isRemoving);
        session = await openSession(key, runtime, rested, { removing });
        const { removing: takesAway, close } = session;
        for (const fact of waiting) session.deliver(fact);
        waiting = [];
        const rest = await session.work(() => {
          // What is to be begun waits for a lease that allows it.
          if (takesAway && visits[0] && !isRemoving(visits[0])) return undefined;
          const next = visits.shift();
          if (next) served.push(next);
          return next;
        });
        session = undefined;
        await close();
        for (const { resolve } of served) resolve(rest);
      } catch (error) {
        session = undefined;
        waiting = [];
        // Who came while it failed has not been served either, and would wait for ever.
        for (const { reject } of [...served, ...visits]) reject(error);
        visits = [];
      }
    }
    running = false;
    onIdle();
  }
}

function isRemoving({ envelope }: Visit): boolean {
  return envelope !== undefined && isRemoval(envelope.event);
}
