// Every event for Stately's inspector, by its own protocol, to where the user said.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { MooringError } from '../../model/failure.ts';
import type { Feed } from './feed.ts';
import type { InspectedHost } from './host.ts';
import { statelyEvents, type Told } from './stately-events.ts';

export interface StatelyOptions {
  readonly url: string;
  readonly host: Pick<InspectedHost, 'machines' | 'version'>;
  readonly signal: AbortSignal;
  /** Told of each connection that fails or is lost; it is tried again. */
  readonly onError: (error: unknown) => void;
}

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** Of what is said to us, which nobody listens to. */
const HEARD_MAX_BYTES = 64 * 1024;

/** Sends what is committed from now on, until it is ended; secrets are hidden in it already. */
export async function sendStately(feed: Feed, options: StatelyOptions): Promise<void> {
  const { signal, onError } = options;
  let [after, retryMs] = [feed.newest(), RETRY_MS];
  while (!signal.aborted) {
    try {
      const socket = await opened(options);
      retryMs = RETRY_MS;
      after = await sendOver(socket, { ...options, feed, after });
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }
}

function opened({ url, signal }: StatelyOptions): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { handshakeTimeout: 10_000, maxPayload: HEARD_MAX_BYTES });
    const end = (): void => socket.terminate();
    signal.addEventListener('abort', end, { once: true });
    socket.on('close', () => signal.removeEventListener('abort', end));
    // What the other end says is not listened to: nothing can be sent to a container by it.
    socket.on('error', (error) => reject(lost(url, error)));
    socket.once('open', () => resolve(socket));
  });
}

type Sending = StatelyOptions & { readonly feed: Feed; readonly after: number };

/** @returns number of the last line that was sent, when the connection has ended */
async function sendOver(socket: WebSocket, options: Sending): Promise<number> {
  const { url, feed, host, signal, onError } = options;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  socket.once('close', end);
  signal.addEventListener('abort', end, { once: true });
  // The other end may be another program now, and knows of no actor yet.
  const told: Told = new Set();
  let { after } = options;
  for await (const line of feed.lines(after, ended.signal)) {
    const { n, record, dropped } = JSON.parse(line) as Line;
    if (record === undefined) {
      onError(lost(url, new Error(`${dropped ?? 0} records were dropped before they were sent`)));
      continue;
    }
    if (!(await areSent(socket, statelyEvents(record, host, told)))) break;
    after = n ?? after;
  }
  signal.removeEventListener('abort', end);
  if (!signal.aborted) onError(lost(url, new Error('the connection was closed')));
  return after;
}

interface Line {
  readonly n?: number;
  readonly record?: Parameters<typeof statelyEvents>[0];
  readonly dropped?: number;
}

/** @returns whether they were, before the connection ended; if not they are sent over the next one */
async function areSent(socket: WebSocket, events: readonly unknown[]): Promise<boolean> {
  for (const event of events) if (!(await isSent(socket, JSON.stringify(event)))) return false;
  return true;
}

// As fast as it is taken, and no faster: the feed drops what waits too long, and counts it.
function isSent(socket: WebSocket, text: string): Promise<boolean> {
  return new Promise((resolve) => socket.send(text, (error) => resolve(!error)));
}

function lost(url: string, cause: unknown): MooringError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MooringError('inspector.stately', `sending to ${url}: ${reason}`, { cause });
}
