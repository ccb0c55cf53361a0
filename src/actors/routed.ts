import type { MooringEvent } from '../bus/events.ts';
import type { Key, Kind } from '../store/store.ts';
import type { Rest } from './durable-actor.ts';
import type { Cause, Registry } from './registry.ts';

/** Actors of what stands in the host's own network, which the supervisor runs. */
export interface OutsideActors {
  ask(key: Key, command: MooringEvent, cause: Cause | undefined): Promise<Rest>;
  settle(key: Key): Promise<Rest>;
}

export const OUTSIDE_KINDS: readonly Kind[] = ['rootlessNetns', 'uplink', 'forwarder'];

export function isOutside(kind: Kind): boolean {
  return OUTSIDE_KINDS.includes(kind);
}

/** A registry that hands commands for what stands outside to the supervisor. */
export function routed(own: Registry, outside: OutsideActors): Registry {
  return {
    ask: (key, command, options = {}) =>
      isOutside(key.kind)
        ? outside.ask(key, command, options.cause)
        : own.ask(key, command, options),
    settle: (key) => (isOutside(key.kind) ? outside.settle(key) : own.settle(key)),
    remembers: (key) => own.remembers(key),
    idle: () => own.idle()
  };
}
