import { nanoid } from 'nanoid';
import { errorOf, MooringError } from '../../model/failure.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { AskOptions, Order } from '../cluster.ts';
import type { Connection } from './connection.ts';
import type { HostKeys } from './keys.ts';
import { unlessAway } from './listen-soon.ts';
import { GIVE } from './scripts/orders.ts';
import type { Notice, Wakes } from './wakes.ts';

/** Orders that a host's stream keeps; those that are answered leave it. */
const KEPT_ORDERS = 1_000;
/** Of the time that an agent counts as alive, after which an asker looks whether it still is. */
const LOOK_SHARE = 0.5;

/**
 * Gives an order to the agent of a host, and waits for the answer.
 *
 * A notice says that there is one; what it is, is read, and read again after a disconnection.
 */
export async function give(
  { connection, wakes }: { readonly connection: Connection; readonly wakes: Wakes },
  keys: HostKeys,
  order: Order,
  { withinMs, signal }: AskOptions
): Promise<Json> {
  signal?.throwIfAborted();
  const { host } = keys;
  const id = nanoid();
  const state = keys.answer(id);
  const doing = `asking host ${host} for ${order.verb}`;
  const turns = turnsOf();
  const notice = wakes.expect(turns.next);
  const cancel = () => void withdraw().catch(() => undefined);
  try {
    await unlessAway(connection, notice.listen(), doing);
    await send();
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    return await answered(notice);
  } finally {
    signal?.removeEventListener('abort', cancel);
    notice.end();
  }

  async function send(): Promise<void> {
    const text = JSON.stringify({ v: 1, id, ...order });
    const isGiven = await connection.run(
      GIVE,
      {
        keys: [keys.agent, keys.commands, state],
        args: [text, withinMs, notice.id, KEPT_ORDERS, keys.calls]
      },
      { doing }
    );
    if (isGiven === 1) return;
    throw new MooringError('host.noAgent', `no agent is alive on host ${host}: ${doing}`);
  }

  /** The agent unwinds and answers what came of it: so it is waited for all the same. */
  async function withdraw(): Promise<void> {
    const text = JSON.stringify({ v: 1, cancel: id });
    await connection.call(
      async (client) => {
        await client.xadd(keys.commands, 'MAXLEN', '~', KEPT_ORDERS, '*', 'o', text);
        await client.publish(keys.calls, '');
      },
      { doing }
    );
  }

  async function answered({ id: noticed }: Notice): Promise<Json> {
    const deadline = performance.now() + withinMs;
    const lookMs = connection.address.leaseMs * LOOK_SHARE;
    for (;;) {
      await turns.after(Math.min(lookMs, Math.max(0, deadline - performance.now())));
      const [answer, agent] = await Promise.all([
        connection.call((client) => client.hget(state, 'answer'), { doing, withinMs }),
        connection.call((client) => client.exists(keys.agent), { doing, withinMs })
      ]);
      if (answer !== null) return resultOf(answer, noticed);
      if (agent === 0) {
        throw new MooringError('host.agentLost', `the agent of host ${host} has gone: ${doing}`);
      }
      if (performance.now() >= deadline) {
        throw new MooringError('host.noAnswer', `no answer in ${withinMs} ms: ${doing}`);
      }
    }
  }
}

/** @throws MooringError what the agent was answered */
function resultOf(text: string, where: string): Json {
  const data: unknown = JSON.parse(text);
  if (!isJsonObject(data)) throw new MooringError('store.corrupt', `the answer for ${where}`);
  const { failure, result = null } = data;
  if (failure === undefined) return result;
  const { code, message } = failure as { code?: unknown; message?: unknown };
  throw errorOf({ code: String(code), message: String(message) });
}

/** Waits for the next notice, or for a while. */
function turnsOf() {
  let isDue = false;
  let wake: (() => void) | undefined;
  return {
    next() {
      isDue = true;
      wake?.();
    },
    async after(ms: number) {
      let timer: NodeJS.Timeout | undefined;
      if (!isDue) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
        });
      }
      clearTimeout(timer);
      isDue = false;
    }
  };
}
