import { request, type IncomingHttpHeaders } from 'node:http';
import type { InspectedHost } from '../../src/inspector/server/host.ts';
import { serve, type InspectorServer } from '../../src/inspector/server/server.ts';
import { KINDS, MACHINES } from '../../src/actors/machines.ts';
import type { Played } from './journals.ts';

/** A server over a host that is only played. */
export interface Inspected {
  readonly server: InspectorServer;
  readonly origin: string;
  readonly token: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Without a token. */
  ask(options: AskOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
}

export interface AskOptions {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export async function inspected(
  played: Played,
  given: Partial<InspectedHost> = {}
): Promise<Inspected> {
  const server = await serve(hostOf(played, given), {
    port: 0,
    onUsed: () => undefined,
    onError: (error) => {
      throw error;
    }
  });
  const { origin, hash } = new URL(server.address());
  const ask = (options: AskOptions) => asked(origin, options);
  const code = hash.slice('#code='.length);
  const session = await ask({
    path: '/api/session',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code })
  });
  const { token } = session.json() as { readonly token: string };
  const own = { authorization: `Bearer ${token}` };
  return {
    ...{ server, origin, token, ask },
    get: (path, headers = {}) => ask({ path, headers: { ...own, ...headers } }),
    post: (path, body, headers = {}) =>
      ask({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...own, ...headers },
        body: JSON.stringify(body)
      }),
    close: () => server.close()
  };
}

export function hostOf({ process }: Played, given: Partial<InspectedHost> = {}): InspectedHost {
  const nothing = () => Promise.reject(new Error('not of this host'));
  return {
    ...{ root: '/var/lib/mooring', version: '0.0.0', kinds: KINDS, machines: MACHINES },
    store: process.store,
    mooring: {
      examine: nothing,
      gc: nothing,
      list: () => Promise.resolve({ containers: [], unreadable: [] }),
      networks: { list: () => Promise.resolve({ networks: [], problems: [] }) } as never
    },
    see: () => Promise.resolve(null),
    ...given
  };
}

function asked(origin: string, { path, method = 'GET', headers = {}, body }: AskOptions) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const call = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { statusCode = 0 } = response;
        const json = () => JSON.parse(text) as unknown;
        resolve({ status: statusCode, headers: response.headers, text, json });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
