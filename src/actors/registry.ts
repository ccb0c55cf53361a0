import type { Envelope } from '../bus/bus.ts';
import { isCommand, type MooringEvent } from '../bus/events.ts';
import { keyText, type Key } from '../store/store.ts';
import { durableActor, type Asked, type DurableActor, type Rest } from './durable-actor.ts';
import { restedActors } from './rested.ts';
import type { Runtime } from './runtime.ts';

/** The actors that are in memory: those with something to do. */
export interface Registry {
  /**
   * Gives a command to an actor and waits until it rests.
   *
   * @param cause ids of what it follows from; absent for a command from outside
   * @throws what kept it from being taken: `lease.timedOut`, `store.…`, or the signal's reason
   */
  ask(key: Key, command: MooringEvent, options?: Asked & { readonly cause?: Cause }): Promise<Rest>;

  /** Takes up what a dead process left half-way, and waits until the actor rests. */
  settle(key: Key): Promise<Rest>;

  /** Whether an actor has rested here since it began, and has not ended here: it need not be there still. */
  remembers(key: Key): boolean;

  /** Resolves when no actor is in memory. */
  idle(): Promise<void>;
}

export interface Cause {
  readonly causation: string;
  readonly correlation: string;
}

/** What follows from a request. */
export function causeOf({
  operation,
  correlation
}: {
  readonly operation: string;
  readonly correlation: string;
}): Cause {
  return { causation: operation, correlation };
}

interface Ask extends Asked {
  readonly key: Key;
  readonly resolve: (rest: Promise<Rest>) => void;
}

const RESTED_MAX = 1024;

/** Routes the bus: a command finds its actor or starts it, a fact finds the one that asked. */
export function createRegistry(runtime: Runtime): Registry {
  const rested = restedActors(RESTED_MAX);
  const actors = new Map<string, DurableActor>();
  const asks = new Map<Envelope, Ask>();
  const idleWaiters: (() => void)[] = [];
  runtime.bus.route(route);

  return {
    ask(key, command, { cause, ...asked } = {}) {
      const id = runtime.newId();
      const { causation, correlation } = cause ?? { causation: id, correlation: id };
      const envelope = { key: keyText(key), event: command, causation, correlation };
      return new Promise((resolve) => {
        asks.set(envelope, { key, resolve, ...asked });
        runtime.bus.send(envelope);
      });
    },
    settle: (key) => actorOf(key).settle(),
    remembers: (key) => rested.has(key),
    idle: () =>
      actors.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idleWaiters.push(resolve);
          })
  };

  function route(envelope: Envelope): void {
    if (!isCommand(envelope.event)) {
      actors.get(envelope.key)?.receive(envelope);
      return;
    }
    const ask = asks.get(envelope);
    asks.delete(envelope);
    ask?.resolve(actorOf(ask.key).ask(envelope, ask));
  }

  function actorOf(key: Key): DurableActor {
    const text = keyText(key);
    const known = actors.get(text);
    if (known) return known;
    const actor = durableActor(key, runtime, rested, () => {
      actors.delete(text);
      if (actors.size === 0) for (const resolve of idleWaiters.splice(0)) resolve();
    });
    actors.set(text, actor);
    return actor;
  }
}
