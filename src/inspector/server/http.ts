import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { failureOf, MooringError } from '../../model/failure.ts';

/**
 * A page that nobody else can frame, script or read, and that asks nobody but us.
 *
 * Scripts come from files alone, and a text becomes markup or a script's address only by the one
 * policy that the page itself makes.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types mooring'
].join('; ');

const HEADERS = {
  'content-security-policy': PAGE_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store'
} as const;

const STATUS: Readonly<Record<string, number>> = {
  'inspector.foreign': 403,
  'inspector.readOnly': 403,
  'inspector.unauthorized': 401,
  'inspector.badCode': 401,
  'inspector.badMethod': 405,
  'inspector.notFound': 404,
  'inspector.tooLarge': 413,
  'inspector.badRequest': 400,
  'container.notFound': 404,
  'query.bad': 400
};

const JSON_TYPE = 'application/json; charset=utf-8';

export function sendText(response: ServerResponse, text: string | Buffer, type: string): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  response.end(text);
}

export function sendJson(response: ServerResponse, text: string): void {
  sendText(response, text, JSON_TYPE);
}

/** `{"error":{"code":…,"message":…}}`, with the status that the code stands for. */
export function sendError(response: ServerResponse, error: unknown): void {
  const { code, message } = failureOf(error, 'inspector');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isOurs = error instanceof MooringError;
  response.writeHead(STATUS[code] ?? (isOurs ? 409 : 500), {
    ...HEADERS,
    'content-type': JSON_TYPE
  });
  response.end(JSON.stringify({ error: { code, message } }));
}

/**
 * Writes lines as fast as they are read, and no faster.
 *
 * @param end aborted when nobody reads any more
 */
export async function sendLines(
  response: ServerResponse,
  lines: AsyncIterable<string>,
  end: AbortSignal
): Promise<void> {
  response.writeHead(200, { ...HEADERS, 'content-type': 'application/x-ndjson; charset=utf-8' });
  response.flushHeaders();
  for await (const line of lines) {
    if (end.aborted) return;
    if (response.write(`${line}\n`)) continue;
    try {
      await once(response, 'drain', { signal: end });
    } catch {
      // Nobody reads any more, and there is nobody to tell.
      return;
    }
  }
  response.end();
}

/** Aborted when the other end has gone. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  return gone.signal;
}

const BODY_MAX_BYTES = 64 * 1024;

/** @throws MooringError `inspector.tooLarge`, `inspector.badRequest` */
export async function bodyOf(request: IncomingMessage): Promise<unknown> {
  // A form of a foreign page can't say so.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new MooringError('inspector.badRequest', 'the body must be application/json');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES)
      throw new MooringError('inspector.tooLarge', 'the body is larger than 64 KiB');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new MooringError('inspector.badRequest', 'the body is no JSON');
  }
}
