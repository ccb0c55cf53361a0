import { MooringError } from '../../model/failure.ts';
import type { RedisAddress } from './address.ts';
import { commandClient, type Client } from './clients.ts';
import { isPassing, isReply, needsReconnect, storeError } from './errors.ts';
import { listenerOf, type Listen } from './listener.ts';
import { OUT_OF_PATIENCE, patienceOf, type Patience } from './patience.ts';
import { SCRIPTS, type Script } from './scripts/scripts.ts';

/** A way to Redis that any number of stores may share. */
export interface Connection {
  readonly address: RedisAddress;
  /**
   * Asks for something that may be asked twice: after a disconnection, or a refusal that passes,
   * it is asked again until the time is over.
   *
   * @throws MooringError `store.…`; it may have been done all the same
   */
  call<T>(ask: (client: Client) => Promise<T>, options: CallOptions): Promise<T>;
  /** Runs a script by its hash, and sends it when the server does not know it. */
  run(script: Script, values: ScriptValues, options: CallOptions): Promise<unknown>;
  readonly listen: Listen;
  /** Whether commands can be sent now. */
  isReady(): boolean;
  /** @returns what takes the listener away; it is called whenever commands can be sent again */
  onReady(listener: () => void): () => void;
  close(): void;
}

export interface CallOptions {
  /** For a message: `committing container/web`. */
  readonly doing: string;
  /** How long to wait for a connection and an answer; the address's patience unless given. */
  readonly withinMs?: number;
}

export interface ScriptValues {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Connects in the background; the first call waits for it. */
export function connect(address: RedisAddress, scripts: readonly Script[] = SCRIPTS): Connection {
  const client = commandClient(address);
  const listener = listenerOf(address);
  const readied = new Set<() => void>();
  let lastError: unknown;
  let isGivenUp = false;
  let changing: Promise<void> | undefined;
  let changed: (() => void) | undefined;
  for (const { name, keys, lua } of scripts) {
    client.defineCommand(name, { numberOfKeys: keys, lua });
  }
  client.on('error', (error: unknown) => (lastError = error));
  client.on('close', () => (isGivenUp = false));
  for (const state of ['ready', 'reconnecting', 'end']) client.on(state, noteChange);
  client.on('ready', () => {
    lastError = undefined;
    for (const listener of [...readied]) listener();
  });

  return {
    address,
    call,
    run: ({ name }, { keys, args }, options) =>
      call(
        (client) =>
          (client as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>)[name]!(
            ...keys,
            ...args
          ),
        options
      ),
    listen: listener.listen,
    isReady: () => client.status === 'ready',
    onReady(listener) {
      readied.add(listener);
      return () => readied.delete(listener);
    },
    close() {
      listener.close();
      client.disconnect();
    }
  };

  function noteChange(): void {
    changing = undefined;
    changed?.();
  }

  async function call<T>(
    ask: (client: Client) => Promise<T>,
    { doing, withinMs = address.patienceMs }: CallOptions
  ): Promise<T> {
    const patience = patienceOf(withinMs);
    let sent = false;
    // What was answered, if only that it can't be done now, says more than that time is over.
    let refusal: MooringError | undefined;
    for (;;) {
      try {
        await patience.until(ready(patience));
        sent = true;
        return await patience.until(heeded(ask(client)));
      } catch (error) {
        if (error === OUT_OF_PATIENCE) throw refusal ?? silent(doing, withinMs, sent);
        if (!isPassing(error)) throw storeError(error, doing);
        if (isReply(error)) refusal = storeError(error, doing);
        sent = false;
        await pause(patience, refusal ?? storeError(error, doing));
      }
    }
  }

  async function heeded<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!isGivenUp && needsReconnect(error)) {
        isGivenUp = true;
        client.disconnect(true);
      }
      throw error;
    }
  }

  async function pause(patience: Patience, refusal: MooringError): Promise<void> {
    try {
      await patience.until(new Promise((resolve) => setTimeout(resolve, RETRY_MS)));
    } catch {
      throw refusal;
    }
  }

  /** Goes on looking only as long as somebody waits. */
  async function ready(patience: Patience): Promise<void> {
    while (client.status !== 'ready' && !patience.isOver()) {
      if (client.status === 'end') throw new MooringError('store.closed', 'the store is closed');
      await (changing ??= new Promise((resolve) => (changed = resolve)));
    }
  }

  function silent(doing: string, withinMs: number, sent: boolean): MooringError {
    const { text } = address;
    if (sent) {
      return new MooringError(
        'store.timedOut',
        `${doing}: ${text} gave no answer in ${withinMs} ms`
      );
    }
    // The connection was refused by the server itself, as for a wrong password.
    if (isReply(lastError)) return storeError(lastError, doing);
    const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
    return new MooringError(
      'store.unreachable',
      `${doing}: ${text} was not reached in ${withinMs} ms${reason}`
    );
  }
}

const RETRY_MS = 10;
