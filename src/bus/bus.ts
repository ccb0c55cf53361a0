// From its own module: the index of rxjs loads all of its operators, 100 ms that a command line waits for.
import type { Observable } from 'rxjs/internal/Observable';
import { Subject } from 'rxjs/internal/Subject';
import type { Span } from '../model/span.ts';
import type { MooringEvent } from './events.ts';

/** An event on its way to the actor that takes it. */
export interface Envelope {
  /** `container/web` */
  readonly key: string;
  readonly event: MooringEvent;
  /** Id of the request it answers, or of the command it is. */
  readonly causation: string;
  /** Id of the command that everything follows from. */
  readonly correlation: string;
  /** What was run and waited for on the way to a fact. */
  readonly spans?: readonly Span[];
}

/**
 * Carries events to actors, and what they committed to whoever watches.
 *
 * Routing is by key, in the one router: with 10,000 actors a filter each would pass
 * 3,000 events a second, a map millions.
 */
export interface Bus {
  /** Queues an event; unless others are queued before it, it is routed before `send` returns. */
  send(envelope: Envelope): void;
  /** Says who hands envelopes to their actors. There is one; what comes before it is lost. */
  route(router: (envelope: Envelope) => void): void;
  /** Events that have been committed, in commit order per key. */
  readonly committed$: Observable<Envelope>;
  announce(envelope: Envelope): void;
  close(): void;
}

/** @param onError told when a router or a subscriber throws; the others are served all the same */
export function createBus(onError: (error: unknown) => void): Bus {
  const sent = new Subject<Envelope>();
  const committed = new Subject<Envelope>();
  const drain = fifo(onError);

  return {
    send: (envelope) => {
      drain(() => {
        sent.next(envelope);
      });
    },
    route: (router) => {
      sent.subscribe((envelope) => {
        try {
          router(envelope);
        } catch (error) {
          onError(error);
        }
      });
    },
    committed$: committed.asObservable(),
    announce: (envelope) => {
      // Nearly always nobody watches.
      if (!committed.observed) return;
      drain(() => {
        committed.next(envelope);
      });
    },
    close: () => {
      sent.complete();
      committed.complete();
    }
  };
}

/**
 * Runs steps one after the other in the order they were given, also when a step gives
 * further ones: a re-entrant `next` would deliver the newer event first.
 */
function fifo(onError: (error: unknown) => void): (step: () => void) => void {
  const steps: (() => void)[] = [];
  let draining = false;

  return (step) => {
    steps.push(step);
    if (draining) return;
    draining = true;
    for (let next = steps.shift(); next !== undefined; next = steps.shift()) {
      try {
        next();
      } catch (error) {
        onError(error);
      }
    }
    draining = false;
  };
}
