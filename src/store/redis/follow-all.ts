import { setMaxListeners } from 'node:events';
import type { JournalRecord } from '../store.ts';
import type { Connection } from './connection.ts';
import { follow } from './follow.ts';
import { hostKeys, sharedKeys } from './keys.ts';
import { listenSoon } from './listen-soon.ts';

/** Records of every host as they are committed, of those that come later too, until the signal aborts. */
export async function* followAll(
  connection: Connection,
  until: AbortSignal
): AsyncGenerator<JournalRecord> {
  // Each host adds listeners of its own.
  const signal = AbortSignal.any([until]);
  setMaxListeners(0, signal);
  const { prefix } = connection.address;
  const { hosts, hostsNews } = sharedKeys(prefix);
  const pending: JournalRecord[] = [];
  const followed = new Set<string>();
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  let isFirst = true;
  const notify = () => wake?.();
  signal.addEventListener('abort', notify);
  const lookAgain = () => void look().catch(fail);
  const news = { onMessage: lookAgain, onResumed: lookAgain };
  const stop = await listenSoon(connection, hostsNews, news);
  try {
    await look();
    while (!signal.aborted) {
      if (failure !== undefined) throw failure.error;
      const record = pending.shift();
      if (record !== undefined) yield record;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
    signal.removeEventListener('abort', notify);
  }

  async function look(): Promise<void> {
    const names = await connection.call((client) => client.smembers(hosts), {
      doing: 'listing the hosts'
    });
    for (const name of names) {
      if (followed.has(name)) continue;
      followed.add(name);
      // All that a host has written is new when it has come since.
      void pass(follow(connection, hostKeys(prefix, name), signal, isFirst ? 'now' : 'begin'));
    }
    isFirst = false;
  }

  async function pass(records: AsyncIterable<JournalRecord>): Promise<void> {
    try {
      for await (const record of records) {
        pending.push(record);
        notify();
      }
    } catch (error) {
      fail(error);
    }
  }

  function fail(error: unknown): void {
    failure ??= { error };
    notify();
  }
}
