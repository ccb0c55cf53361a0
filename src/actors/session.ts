import type { AnyMachineSnapshot } from 'xstate';
import type { Envelope } from '../bus/bus.ts';
import { traitsOf } from '../bus/requests.ts';
import { INTERRUPTED } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { WAIT_MIN_MS, type Span } from '../model/span.ts';
import {
  keyText,
  type Key,
  type Lease,
  type Outstanding,
  type StoredActor
} from '../store/store.ts';
import type { Rest, Visit } from './durable-actor.ts';
import { machineId } from './machines.ts';
import { performer } from './performer.ts';
import { persisted, rebootedEvent, recall, restOf } from './recall.ts';
import type { RestedActors } from './rested.ts';
import type { Runtime } from './runtime.ts';

/** An actor in memory, from the lease it takes to the lease it gives back. */
export interface Session {
  /** Whether it may take only what takes away. */
  readonly removing: boolean;
  deliver(envelope: Envelope): void;
  wake(): void;
  work(next: () => Visit | undefined): Promise<Rest>;
  close(): Promise<void>;
}

/**
 * @param removing whether it is opened for commands that only take away
 * @throws what kept it from being opened: `lease.timedOut`, `store.corrupt`, `store.machineChanged`
 */
export async function openSession(
  key: Key,
  runtime: Runtime,
  rested: RestedActors,
  { removing }: { readonly removing: boolean }
): Promise<Session> {
  const { store, lockTimeoutMs, shutdown, now } = runtime;
  const begunAt = now();
  const lease = await store.acquire(key, { timeoutMs: lockTimeoutMs, signal: shutdown, removing });
  const tookMs = now() - begunAt;
  const waited: Span[] =
    tookMs < WAIT_MIN_MS ? [] : [{ kind: 'wait', on: 'lease', begunAt, tookMs }];
  try {
    return await session({ key, lease, waited, runtime, rested });
  } catch (error) {
    await store.release(lease);
    throw error;
  }
}

interface Parts {
  readonly key: Key;
  readonly lease: Lease;
  /** How long it took to get the lease; told by the first record that is written under it. */
  readonly waited: readonly Span[];
  readonly runtime: Runtime;
  readonly rested: RestedActors;
}

async function session({ key, lease, waited, runtime, rested }: Parts): Promise<Session> {
  const { store, bus, machines, now, newId, log } = runtime;
  const recalled = await recall(key, runtime, rested);
  const { actor, asked, stored } = recalled;
  const outstanding = new Map<string, Outstanding>();
  const [facts, early]: [Envelope[], Visit[]] = [[], []];
  const work = performer(lease, runtime);
  let wake: () => void = () => undefined;
  let { known, since = now() } = recalled;
  let unsaid = waited;
  let gone: { readonly reason: unknown } | undefined;

  if (stored) await goOn(stored);

  lease.onLost(lost);
  return {
    removing: lease.removing === true,
    deliver,
    wake: () => {
      wake();
    },
    work: run,
    close
  };

  function lost(reason: unknown): void {
    gone = { reason };
    work.stop(reason);
    wake();
  }

  function deliver(envelope: Envelope): void {
    facts.push(envelope);
    wake();
  }

  async function run(next: () => Visit | undefined): Promise<Rest> {
    try {
      // Before the answers to what a dead process asked, which would lead on to what is to be begun.
      if (lease.removing) await takeFirst(next());
      for (;;) {
        if (gone !== undefined) throw gone.reason;
        const fact = facts.shift();
        if (fact) {
          await takeFact(fact);
          continue;
        }
        const visit = outstanding.size === 0 ? (early.shift() ?? next()) : next();
        if (visit) await takeFirst(visit);
        else if (outstanding.size === 0) return restOf(snapshot(), since);
        else if (facts.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    } catch (error) {
      // What is in memory may be ahead of what is durable: drop it, and let nothing of it go on.
      await work.abandon();
      await store.release(lease);
      throw error;
    }
  }

  async function takeFirst(visit: Visit | undefined): Promise<void> {
    if (visit && isEarly(visit)) early.push(visit);
    else if (visit) await takeVisit(visit);
  }

  async function takeVisit({ envelope, asked: options, reject }: Visit): Promise<void> {
    if (!envelope) return;
    if (options?.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    if (!actor.can(envelope.event)) return;
    await take(envelope);
    options?.onTaken?.();
  }

  /** What means nothing while other work is under way may mean something once it is done. */
  function isEarly({ envelope }: Visit): boolean {
    return envelope !== undefined && outstanding.size > 0 && !actor.can(envelope.event);
  }

  /** From where another process left it. */
  async function goOn({ outstanding: unanswered, boot }: StoredActor): Promise<void> {
    for (const request of unanswered) outstanding.set(request.id, request);
    if (boot !== store.boot) await takeReboot();
    for (const request of unanswered) resume(work, request);
  }

  /** Before anything else: what the record tells of the kernel is no longer true. */
  async function takeReboot(): Promise<void> {
    const event = rebootedEvent(key);
    if (!actor.can(event)) return;
    const id = newId();
    await take({ key: keyText(key), event, causation: id, correlation: id });
  }

  async function takeFact(fact: Envelope): Promise<void> {
    // An answer that came twice, or too late to matter.
    if (!outstanding.delete(fact.causation)) return;
    await take(fact);
  }

  async function take(envelope: Envelope): Promise<void> {
    actor.send(envelope.event);
    const { correlation, causation, spans = NO_SPANS } = envelope;
    const requests: Outstanding[] = [];
    for (const request of asked.splice(0)) {
      const one = { id: newId(), request, askedAt: now(), correlation };
      outstanding.set(one.id, one);
      requests.push(one);
    }
    const after = snapshot();
    since = await store.commit(lease, {
      event: envelope.event,
      requests,
      value: after.value as Json,
      snapshot: persisted(after),
      outstanding: outstanding.size === requests.length ? requests : [...outstanding.values()],
      machine: machineId(key.kind, machines),
      causation,
      correlation,
      spans: unsaid.length === 0 ? spans : [...unsaid, ...spans]
    });
    unsaid = NO_SPANS;
    known = { seq: (known?.seq ?? 0) + 1, token: lease.token };
    log.debug(
      { key: envelope.key, event: envelope.event.type, value: after.value as Json },
      'committed'
    );
    bus.announce(envelope);
    for (const request of requests) work.perform(request, { repeated: false });
  }

  async function close(): Promise<void> {
    if (known !== undefined && snapshot().value === 'absent') await store.forget(lease);
    else if (known !== undefined) rested.keep(key, { actor, asked, known, since });
    await store.release(lease);
  }

  function snapshot(): AnyMachineSnapshot {
    return actor.getSnapshot();
  }
}

const NO_SPANS: readonly Span[] = [];

/** After a crash: performs again what may be repeated, and answers the rest as not done. */
function resume(work: ReturnType<typeof performer>, request: Outstanding): void {
  const traits = traitsOf(request.request.type);
  if (traits.recovery === 'repeat') {
    work.perform(request, { repeated: true });
    return;
  }
  work.giveUp(request, {
    code: INTERRUPTED,
    message: `${request.request.type} was interrupted: the process that ran it has ended`
  });
}
