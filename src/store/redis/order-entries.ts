import { isJsonObject, type Json } from '../../model/json.ts';
import type { Order } from '../cluster.ts';
import type { Connection } from './connection.ts';
import type { HostKeys } from './keys.ts';
import type { StreamEntries } from './stream.ts';

/** An entry of a host's stream of orders; with neither, it can't be read. */
export interface OrderEntry {
  /** In the stream. */
  readonly id: string;
  readonly order?: Order & { readonly id: string };
  /** Id of an order that is to be given up. */
  readonly cancelled?: string;
}

export interface OrderEntries {
  readonly group: string;
  /** Those that were given out and not answered, then those that are new. */
  unanswered(): AsyncIterable<OrderEntry>;
}

const GROUP = 'agents';
/** There is one at a time, and what one left is the next one's. */
const CONSUMER = 'agent';
const BATCH = 32;

export function orderEntries(connection: Connection, keys: HostKeys): OrderEntries {
  const doing = `reading the orders for ${keys.host}`;
  return { group: GROUP, unanswered };

  async function* unanswered(): AsyncGenerator<OrderEntry> {
    // Anew each time: the group is lost with the data of the server.
    await makeGroup();
    for (let last = '0'; ;) {
      const entries = await read(last);
      yield* entries.map(entryOf);
      if (entries.length < BATCH) break;
      last = entries.at(-1)![0];
    }
    for (;;) {
      const entries = await read('>');
      yield* entries.map(entryOf);
      if (entries.length < BATCH) break;
    }
  }

  async function makeGroup(): Promise<void> {
    await connection.call(
      async (client) => {
        try {
          await client.xgroup('CREATE', keys.commands, GROUP, '0', 'MKSTREAM');
        } catch (error) {
          const exists = error instanceof Error && error.message.startsWith('BUSYGROUP');
          if (!exists) throw error;
        }
      },
      { doing }
    );
  }

  async function read(after: string): Promise<StreamEntries> {
    const reply = await connection.call(
      (client) =>
        client.xreadgroup(
          'GROUP',
          GROUP,
          CONSUMER,
          'COUNT',
          BATCH,
          'STREAMS',
          keys.commands,
          after
        ),
      { doing }
    );
    return entriesIn(reply);
  }
}

/** Of the one stream that was asked for: `[[name, entries]]`, or `[name, entries]` where the reply is a map. */
function entriesIn(reply: unknown): StreamEntries {
  const [first, second] = (reply ?? []) as readonly unknown[];
  if (first === undefined) return [];
  return (Array.isArray(first) ? first[1] : second) as StreamEntries;
}

function entryOf([id, fields]: StreamEntries[number]): OrderEntry {
  let data: unknown;
  try {
    data = JSON.parse(fields[fields.indexOf('o') + 1] ?? '');
  } catch {
    return { id };
  }
  if (!isJsonObject(data) || data['v'] !== 1) return { id };
  const { id: order, verb, args, cancel } = data;
  if (typeof cancel === 'string') return { id, cancelled: cancel };
  if (typeof order !== 'string' || typeof verb !== 'string' || !Array.isArray(args)) return { id };
  return { id, order: { id: order, verb, args: args as readonly Json[] } };
}
