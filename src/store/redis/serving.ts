import { failureOf, INTERRUPTED, MooringError } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { CarryOut, Order } from '../cluster.ts';
import type { Connection } from './connection.ts';
import { sharedKeys, type HostKeys } from './keys.ts';
import { listenSoon } from './listen-soon.ts';
import { orderEntries, type OrderEntry } from './order-entries.ts';
import { ANSWER, BEGIN } from './scripts/orders.ts';

/** An answer can be fetched for so long. */
const KEPT_MS = 600_000;

/**
 * Carries out what other hosts ask of this one, each order once.
 *
 * What an earlier agent had begun is answered as interrupted: what became of it is in the journal,
 * and doing it again might do it twice. What it had not begun is done.
 *
 * @param onTrouble told of what could not be read or answered
 */
export async function serveOrders(
  connection: Connection,
  keys: HostKeys,
  carryOut: CarryOut,
  onTrouble: (error: unknown) => void
): Promise<{ close(): Promise<void> }> {
  const doing = `carrying out an order on ${keys.host}`;
  const entries = orderEntries(connection, keys);
  /** What is under way, by its id in the stream, and how to give it up, by the order's. */
  const underWay = new Map<string, Promise<void>>();
  const aborts = new Map<string, AbortController>();
  let isClosed = false;
  let reading: Promise<void> = Promise.resolve();
  const readSoon = () => void (reading = reading.then(readAll).catch(onTrouble));
  const stopListening = await listenSoon(connection, keys.calls, {
    onMessage: readSoon,
    onResumed: readSoon
  });
  const stopWatching = connection.onReady(readSoon);
  readSoon();
  await reading;
  return {
    async close() {
      isClosed = true;
      stopListening();
      stopWatching();
      const reason = new MooringError('agent.closed', `the agent of host ${keys.host} is closing`);
      for (const abort of aborts.values()) abort.abort(reason);
      await reading;
      await Promise.all(underWay.values());
    }
  };

  async function readAll(): Promise<void> {
    if (isClosed) return;
    for await (const entry of entries.unanswered()) {
      if (isClosed) return;
      if (!underWay.has(entry.id)) take(entry);
    }
  }

  function take(entry: OrderEntry): void {
    const { id, order, cancelled } = entry;
    if (cancelled !== undefined) {
      const reason = new MooringError('host.cancelled', 'whoever asked for it asks no more');
      aborts.get(cancelled)?.abort(reason);
    }
    const work = order === undefined ? finish(id, '', null) : perform(id, order);
    underWay.set(
      id,
      work.catch(onTrouble).finally(() => underWay.delete(id))
    );
  }

  async function perform(id: string, order: NonNullable<OrderEntry['order']>): Promise<void> {
    const abort = new AbortController();
    aborts.set(order.id, abort);
    try {
      const values = { keys: [keys.answer(order.id)], args: [] };
      const state = await connection.run(BEGIN, values, { doing });
      const answer = state === 'given' ? await outcome(order, abort.signal) : interrupted(order);
      await finish(id, order.id, answer);
    } finally {
      aborts.delete(order.id);
    }
  }

  async function outcome(order: Order, signal: AbortSignal): Promise<Json> {
    try {
      return { result: await carryOut(order, signal) };
    } catch (error) {
      return { failure: { ...failureOf(error, 'host', undefined) } };
    }
  }

  async function finish(id: string, order: string, answer: Json): Promise<void> {
    const channels = sharedKeys(connection.address.prefix).wake('');
    const args = [id, entries.group, JSON.stringify(answer), KEPT_MS, channels];
    const values = { keys: [keys.answer(order), keys.commands], args };
    await connection.run(ANSWER, values, { doing, withinMs: ANSWER_WITHIN_MS });
  }
}

/** Whoever asked waits for it. */
const ANSWER_WITHIN_MS = 5_000;

function interrupted({ verb }: Order): Json {
  const message = `${verb} was interrupted: the agent that was at it has ended`;
  return { failure: { code: INTERRUPTED, message } };
}
