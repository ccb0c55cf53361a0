import type { RedisAddress } from './address.ts';
import { channelClient, type Client } from './clients.ts';
import { isReply, storeError } from './errors.ts';

/** Who listens to a channel. Messages are hints: what they are about is read, and read again on `onResumed`. */
export interface ChannelListener {
  onMessage(message: string): void;
  /** Listening again after a disconnection: messages may have been missed. */
  onResumed(): void;
}

/** @returns when messages arrive, with what ends it */
export type Listen = (channel: string, listener: ChannelListener) => Promise<() => void>;

/** One more connection, made when somebody first listens, for all who do. */
export function listenerOf(address: RedisAddress): { readonly listen: Listen; close(): void } {
  const channels = new Map<string, Set<ChannelListener>>();
  let client: Client | undefined;
  let closed = false;

  return {
    async listen(channel, listener) {
      const known = channels.get(channel);
      const listeners = known ?? new Set();
      listeners.add(listener);
      channels.set(channel, listeners);
      client ??= open();
      // The second of a channel waits with the first: subscribing twice is answered twice.
      await subscribe(client, [channel]);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || channels.get(channel) !== listeners) return;
        channels.delete(channel);
        client?.unsubscribe(channel).catch(() => undefined);
      };
    },
    close() {
      closed = true;
      channels.clear();
      client?.disconnect();
    }
  };

  function open(): Client {
    const made = channelClient(address);
    let wasReady = false;
    made.on('error', () => undefined);
    made.on('message', (channel: string, message: string) => {
      for (const listener of [...(channels.get(channel) ?? [])]) listener.onMessage(message);
    });
    made.on('ready', () => {
      if (wasReady) void resume(made);
      wasReady = true;
    });
    return made;
  }

  async function resume(made: Client): Promise<void> {
    const names = [...channels.keys()];
    try {
      if (names.length > 0) await subscribe(made, names);
    } catch {
      // Refused where it was allowed before: whoever listens reads now and then all the same.
      if (!closed) setTimeout(() => void resume(made), REFUSED_PAUSE_MS).unref();
    }
    for (const name of names) {
      for (const listener of [...(channels.get(name) ?? [])]) listener.onResumed();
    }
  }

  /** A disconnection meanwhile ends in a further `resume`, which subscribes to all. */
  async function subscribe(made: Client, names: readonly string[]): Promise<void> {
    try {
      await made.subscribe(...names);
    } catch (error) {
      if (closed) return;
      if (isReply(error)) throw storeError(error, `listening to ${names.join(' ')}`);
    }
  }
}

const REFUSED_PAUSE_MS = 1_000;
