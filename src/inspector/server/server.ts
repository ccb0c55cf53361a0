import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failureOf, MooringError } from '../../model/failure.ts';
import { isJsonObject } from '../../model/json.ts';
import { secretHider } from '../../model/secrets.ts';
import { apiOf, type Api } from './api.ts';
import { assetAt, built } from './assets.ts';
import { feed } from './feed.ts';
import { following } from './following.ts';
import { expectOurs } from './guard.ts';
import type { InspectedHost } from './host.ts';
import { bodyOf, sendError, sendJson, sendText } from './http.ts';
import { sendStately } from './stately.ts';
import { tokens, type Tokens } from './tokens.ts';

export interface InspectorServer {
  /** Where the page is, with the code that is good once: `http://127.0.0.1:8417/#code=…` */
  address(): string;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** 0: one that is free. */
  readonly port: number;
  /** Told when an address was used, so that the next can be shown. */
  readonly onUsed: () => void;
  /** Told when the journals can't be followed any more. */
  readonly onError: (error: unknown) => void;
  /** Where every event is sent to in Stately's format; absent: nowhere. */
  readonly stately?: string;
}

const LOOPBACK = '127.0.0.1';
const FEED_BOUND = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024 };

/**
 * Serves the page and what it shows, to this machine alone.
 *
 * @throws MooringError `inspector.portInUse`, `inspector.failed`
 */
export async function serve(host: InspectedHost, options: ServerOptions): Promise<InspectorServer> {
  const secrets = secretHider();
  const records = feed((record) => secrets.text(record), FEED_BOUND);
  const access = tokens(options.onUsed);
  const looks = following({ store: host.store, records, onError: options.onError });
  const parts = {
    ...{ host, feed: records, following: looks, secrets },
    charts: () => built('charts.json').toString(),
    page: () => built('recording.html').toString()
  };
  const server = createServer(handlerOf(apiOf(parts), access));
  const ending = new AbortController();
  const sending = options.stately !== undefined && sendEvents(options.stately);
  try {
    await listening(server, options.port);
  } catch (error) {
    await end();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return {
    address: () => `http://${LOOPBACK}:${port}/#code=${access.code()}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await Promise.all([end(), once(server, 'close')]);
    }
  };

  async function sendEvents(url: string): Promise<void> {
    const leave = looks.look();
    await sendStately(records, { ...options, url, host, signal: ending.signal });
    leave();
  }

  async function end(): Promise<void> {
    ending.abort();
    await Promise.all([looks.close(), sending]);
  }
}

function handlerOf(
  api: Api,
  access: Tokens
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    handle(request, response, { api, access }).catch((error: unknown) => {
      sendError(response, error);
    });
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { api, access }: { readonly api: Api; readonly access: Tokens }
): Promise<void> {
  expectOurs(request.headers);
  const url = urlOf(request);
  const { pathname } = url;
  if (!pathname.startsWith('/api/')) {
    sendAsset(request, response, pathname);
    return;
  }
  if (pathname === '/api/session' && request.method === 'POST') {
    const body = await bodyOf(request);
    const code = isJsonObject(body) ? body['code'] : undefined;
    sendJson(response, JSON.stringify({ token: access.exchange(code) }));
    return;
  }
  access.expect(request.headers.authorization);
  await api(request, url, response);
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  // A path that begins with two slashes would be taken for a host.
  if (url.startsWith('/') && !url.startsWith('//')) return new URL(url, 'http://localhost');
  throw new MooringError('inspector.badRequest', `${JSON.stringify(url.slice(0, 100))} is no path`);
}

// The page itself is no secret: whatever is, it asks for.
function sendAsset(request: IncomingMessage, response: ServerResponse, path: string): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new MooringError('inspector.badMethod', `${path} is not asked for by ${request.method}`);
  }
  const asset = assetAt(path);
  if (asset === undefined) {
    throw new MooringError('inspector.notFound', `there is nothing at ${JSON.stringify(path)}`);
  }
  sendText(response, asset.content, asset.type);
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen({ host: LOOPBACK, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = failureOf(error, 'inspector');
    if (code === 'inspector.EADDRINUSE') {
      const text = `port ${port} of ${LOOPBACK} is in use: choose another by --port`;
      throw new MooringError('inspector.portInUse', text, { cause: error });
    }
    throw new MooringError('inspector.failed', `listening on ${LOOPBACK}: ${message}`, {
      cause: error
    });
  }
}
