import type { MooringEvent } from '../bus/events.ts';
import { refusalOf, traitsOf, type EffectRequest, type RequestType } from '../bus/requests.ts';
import type { Effect, EffectContext } from '../effects/effects.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { WAIT_MIN_MS } from '../model/span.ts';
import { keyText, type Lease, type Outstanding } from '../store/store.ts';
import type { Runtime } from './runtime.ts';

export interface Performer {
  /** Hands a request to its handler; its one fact goes on the bus. */
  perform(request: Outstanding, options: { readonly repeated: boolean }): void;
  /** Ends what is left of a request that may not be performed again, and says on the bus that it was not done. */
  giveUp(request: Outstanding, failure: Failure): void;
  /** Stops everything under way and resolves when it has ended; nothing of it goes on the bus any more. */
  abandon(): Promise<void>;
  /** Stops everything under way, without waiting. */
  stop(reason: unknown): void;
}

const SIGNAL = Symbol('signal');

/**
 * One getter for all contexts. A literal with its own takes six times as long, and has a shape of its
 * own, which keeps all that the getter sees until the next full collection.
 */
const LAZY_SIGNAL: PropertyDescriptor & ThisType<{ readonly [SIGNAL]: () => AbortSignal }> = {
  enumerable: true,
  get() {
    return this[SIGNAL]();
  }
};

export function performer(lease: Lease, runtime: Runtime): Performer {
  // Most requests never look at the signal, and one takes long to make.
  let controller: AbortController | undefined;
  let stopped: { readonly reason: unknown } | undefined;
  const underWay = new Set<Promise<void>>();

  return {
    perform: (outstanding, { repeated }) => {
      const begin = () => inLane(outstanding, () => handle(outstanding, repeated));
      track(outstanding, repeated ? () => settleOrphans(outstanding).then(begin) : begin);
    },
    giveUp: (outstanding, failure) => {
      track(outstanding, async () => {
        await settleOrphans(outstanding);
        return refusalOf(outstanding.request, failure);
      });
    },
    abandon: async () => {
      stop(undefined);
      await Promise.all(underWay);
    },
    stop
  };

  function stop(reason: unknown): void {
    stopped ??= { reason };
    controller?.abort(stopped.reason);
  }

  function signal(): AbortSignal {
    controller ??= new AbortController();
    if (stopped !== undefined) controller.abort(stopped.reason);
    return controller.signal;
  }

  function track(outstanding: Outstanding, task: () => Promise<MooringEvent>): void {
    const { id, correlation } = outstanding;
    runtime.spans?.begin(id);
    const done = answer(outstanding, task).then((event) => {
      const spans = runtime.spans?.take(id) ?? [];
      underWay.delete(done);
      if (stopped !== undefined) return;
      const key = keyText(lease.key);
      const envelope = { key, event, causation: id, correlation };
      runtime.bus.send(spans.length > 0 ? { ...envelope, spans } : envelope);
    });
    underWay.add(done);
  }

  async function answer(
    { request }: Outstanding,
    task: () => Promise<MooringEvent>
  ): Promise<MooringEvent> {
    try {
      return await task();
    } catch (error) {
      // A handler answers with a fact; one that throws is a mistake, and the container must not wait for ever.
      if (stopped === undefined)
        runtime.log.error({ err: error, request: request.type }, 'a handler threw');
      return refusalOf(request, failureOf(error, 'mooring', request.type));
    }
  }

  function handle({ id, request, askedAt, correlation }: Outstanding, repeated: boolean) {
    expectLease();
    // Looked up by its own type, so handler and request agree; an indexed union can't say so.
    const effect = runtime.effects[request.type] as unknown as (
      request: EffectRequest,
      context: EffectContext
    ) => ReturnType<Effect<RequestType>>;
    const context = { operation: id, askedAt, correlation, repeated, [SIGNAL]: signal };
    return effect(request, Object.defineProperty(context, 'signal', LAZY_SIGNAL) as never);
  }

  /** What is to be begun may have waited, and this process been stalled, for longer than the lease is good. */
  function expectLease(): void {
    try {
      lease.check();
    } catch (error) {
      stop(error);
      throw error;
    }
  }

  function inLane<T>({ id, request }: Outstanding, task: () => Promise<T>): Promise<T> {
    if (traitsOf(request.type).lane === 'free') return task();
    const begunAt = runtime.now();
    return runtime.pluginLane.run(() => {
      const tookMs = runtime.now() - begunAt;
      if (tookMs >= WAIT_MIN_MS)
        runtime.spans?.note(id, { kind: 'wait', on: 'lane', begunAt, tookMs });
      return task();
    });
  }

  async function settleOrphans({ id, request }: Outstanding): Promise<void> {
    // A DEL cut short after the link has gone would leave rules that a second DEL no longer finds.
    const mode = request.type === 'cni.del' ? 'wait' : 'kill';
    await runtime.settleOrphans(id, { mode, signal: signal() });
  }
}
