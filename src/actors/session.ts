import { nanoid } from 'nanoid';
import { createActor, type AnyActorRef, type AnyMachineSnapshot } from 'xstate';
import type { Envelope } from '../bus/bus.ts';
import type { MooringEvent } from '../bus/events.ts';
import { traitsOf, type EffectRequest } from '../bus/requests.ts';
import { failureOf, INTERRUPTED, MooringError } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { keyText, type Key, type Known, type Lease, type Outstanding } from '../store/store.ts';
import type { Store, StoredActor } from '../store/store.ts';
import type { Rest, Visit } from './durable-actor.ts';
import { machineId, machineOf } from './machines.ts';
import { performer } from './performer.ts';
import type { RestedActors } from './rested.ts';
import type { Runtime } from './runtime.ts';

/** An actor in memory, from the lease it takes to the lease it gives back. */
export interface Session {
  deliver(envelope: Envelope): void;
  wake(): void;
  work(next: () => Visit | undefined): Promise<Rest>;
  close(): Promise<void>;
}

/** @throws what kept it from being opened: `lease.timedOut`, `store.corrupt`, `store.machineChanged` */
export async function openSession(
  key: Key,
  runtime: Runtime,
  rested: RestedActors
): Promise<Session> {
  const { store, lockTimeoutMs, shutdown } = runtime;
  const lease = await store.acquire(key, { timeoutMs: lockTimeoutMs, signal: shutdown });
  try {
    return await session(key, lease, runtime, rested);
  } catch (error) {
    await store.release(lease);
    throw error;
  }
}

function rebootedEvent({ kind, id }: Key): MooringEvent {
  switch (kind) {
    case 'container':
      return { type: 'container.rebooted', container: id };
    case 'namespace':
      return { type: 'namespace.rebooted', namespace: id };
    case 'network':
      return { type: 'network.rebooted', network: id };
  }
}

async function session(
  key: Key,
  lease: Lease,
  runtime: Runtime,
  rested: RestedActors
): Promise<Session> {
  const { store, bus, now, log } = runtime;
  const recalled = await recall(key, store, rested);
  const { stored, actor, asked } = recalled;
  const outstanding = new Map<string, Outstanding>();
  const facts: Envelope[] = [];
  const early: Visit[] = [];
  const work = performer(lease, runtime);
  let wake: () => void = () => undefined;
  let { known, since = now() } = recalled;

  for (const request of stored?.outstanding ?? []) outstanding.set(request.id, request);
  if (stored && stored.boot !== store.boot) await takeReboot();
  for (const request of stored?.outstanding ?? []) resume(request);

  lease.signal.addEventListener('abort', () => {
    work.stop(lease.signal.reason);
    wakeUp();
  });
  return { deliver, wake: wakeUp, work: run, close };

  function wakeUp(): void {
    wake();
  }

  function deliver(envelope: Envelope): void {
    facts.push(envelope);
    wake();
  }

  async function run(next: () => Visit | undefined): Promise<Rest> {
    try {
      for (;;) {
        lease.signal.throwIfAborted();
        const fact = facts.shift();
        if (fact) {
          await takeFact(fact);
          continue;
        }
        const visit = outstanding.size === 0 ? (early.shift() ?? next()) : next();
        if (visit && isEarly(visit)) early.push(visit);
        else if (visit) await takeVisit(visit);
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

  async function takeVisit({ envelope, asked: options, reject }: Visit): Promise<void> {
    if (!envelope) return;
    if (options?.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    if (!snapshot().can(envelope.event)) return;
    await take(envelope);
    options?.onTaken?.();
  }

  /** What means nothing while other work is under way may mean something once it is done. */
  function isEarly({ envelope }: Visit): boolean {
    return envelope !== undefined && outstanding.size > 0 && !snapshot().can(envelope.event);
  }

  /** Before anything else: what the record tells of the kernel is no longer true. */
  async function takeReboot(): Promise<void> {
    const event = rebootedEvent(key);
    if (!snapshot().can(event)) return;
    const id = nanoid();
    await take({ key: keyText(key), event, causation: id, correlation: id });
  }

  async function takeFact(fact: Envelope): Promise<void> {
    // An answer that came twice, or too late to matter.
    if (!outstanding.delete(fact.causation)) return;
    await take(fact);
  }

  async function take(envelope: Envelope): Promise<void> {
    actor.send(envelope.event);
    const requests = asked.splice(0).map((request) => ({
      id: nanoid(),
      request,
      askedAt: now(),
      correlation: envelope.correlation
    }));
    for (const request of requests) outstanding.set(request.id, request);
    const after = snapshot();
    await store.commit(lease, {
      event: envelope.event,
      requests,
      value: after.value as Json,
      snapshot: persisted(after),
      outstanding: [...outstanding.values()],
      machine: machineId(key.kind),
      causation: envelope.causation,
      correlation: envelope.correlation
    });
    known = { seq: (known?.seq ?? 0) + 1, token: lease.token };
    since = now();
    log.debug(
      { key: envelope.key, event: envelope.event.type, value: after.value as Json },
      'committed'
    );
    bus.announce(envelope);
    for (const request of requests) work.perform(request, { repeated: false });
  }

  /** After a crash: performs again what may be repeated, and answers the rest as not done. */
  function resume(request: Outstanding): void {
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

  async function close(): Promise<void> {
    if (known !== undefined && snapshot().value === 'absent') await store.forget(lease);
    else if (known !== undefined) rested.keep(key, { actor, asked, known, since });
    await store.release(lease);
  }

  function snapshot(): AnyMachineSnapshot {
    return actor.getSnapshot() as AnyMachineSnapshot;
  }
}

interface Recalled {
  readonly actor: AnyActorRef;
  readonly asked: EffectRequest[];
  /** What was read, when memory was not enough. */
  readonly stored?: StoredActor | undefined;
  readonly known: Known | undefined;
  readonly since: number | undefined;
}

/** The actor as memory has it, if nobody has written since; else as it is stored. */
async function recall(key: Key, store: Store, rested: RestedActors): Promise<Recalled> {
  const memory = rested.take(key);
  const found = await store.load(key, memory?.known);
  if (found === 'unchanged' && memory !== undefined) return memory;
  const stored = found === 'unchanged' ? await store.load(key) : found;
  return { ...restore(key, stored?.snapshot), stored, known: stored, since: stored?.time };
}

function restore(
  key: Key,
  snapshot: Json | undefined
): { readonly actor: AnyActorRef; readonly asked: EffectRequest[] } {
  const { machine, input } = machineOf(key);
  const asked: EffectRequest[] = [];
  try {
    const actor = createActor(
      machine,
      // A persisted snapshot is plain data; XState types it by its machine.
      snapshot === undefined ? { input } : { snapshot: snapshot as never, input }
    );
    // Without an observer an error in a guard or an action would end the process.
    actor.subscribe({ error: () => undefined });
    actor.on('*', (request: unknown) => asked.push(request as EffectRequest));
    actor.start();
    if (actor.getSnapshot().status !== 'error') return { actor, asked };
    throw actor.getSnapshot().error;
  } catch (error) {
    const { message } = failureOf(error, 'store');
    throw new MooringError(
      'store.machineChanged',
      `${keyText(key)} was recorded by another version of its chart: ${message}`,
      { cause: error }
    );
  }
}

/**
 * What `getPersistedSnapshot()` gives for a machine without children and history states,
 * as all of ours are: it would look through the whole context for references to actors.
 */
function persisted(snapshot: AnyMachineSnapshot): Json {
  const { status, error } = snapshot;
  // A throwing guard or action stops an actor; going on from there would repeat nothing and lose all.
  if (status === 'error') throw error;
  const { value, context } = snapshot as { value: Json; context: Json };
  return { status, value, context, children: {}, historyValue: {} };
}

function restOf({ value, context }: AnyMachineSnapshot, since: number): Rest {
  return { value: value as Json, context: context as unknown, since };
}
