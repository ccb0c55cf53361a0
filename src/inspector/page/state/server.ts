import type { Examination } from '../../../model/examination.ts';
import type { Leak } from '../../model/leaks.ts';
import type { Topology } from '../../model/topology.ts';
import type { ActorList } from '../../server/actors.ts';
import type { Sent } from '../../server/host.ts';
import type { Charts } from './charts.ts';

/** What is asked of the server, by a token that only this tab has. */
export interface Server {
  about(): Promise<About>;
  charts(): Promise<Charts>;
  actors(): Promise<ActorList>;
  /** Text of lines, piece by piece. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  examine(container: string): Promise<Examination>;
  topology(containers: readonly string[] | null): Promise<Topology>;
  leaks(): Promise<readonly Leak[]>;
  send(command: SendBody): Promise<Sent>;
  recording(keys: readonly string[] | null): Promise<Blob>;
}

export interface About {
  readonly version: string;
  readonly root: string;
  readonly kinds: readonly string[];
  /** Whether commands may be sent. */
  readonly sends: boolean;
  readonly newest: number;
  readonly dropped: number;
  readonly now: number;
}

export interface SendBody {
  readonly container: string;
  readonly command: string;
  /** The container's id again, as it was confirmed. */
  readonly confirm: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** An answer that is none. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const TOKEN = 'mooring.token';

/**
 * Exchanges the code of the address for a token, and takes it out of the address.
 *
 * @throws Refused `inspector.badCode`, `inspector.unauthorized`
 */
export async function connect(): Promise<Server> {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const code = fragment.get('code');
  if (code !== null) {
    fragment.delete('code');
    const rest = fragment.size === 0 ? '' : `#${fragment.toString()}`;
    // Before anything else, so that it is in no history.
    history.replaceState(null, '', `${location.pathname}${rest}`);
    const { token } = await post<{ readonly token: string }>('/api/session', { code });
    sessionStorage.setItem(TOKEN, token);
  }
  if (sessionStorage.getItem(TOKEN) === null) {
    throw new Refused('inspector.unauthorized', 'open the address that `mooring inspector` prints');
  }
  return server;
}

const server: Server = {
  about: () => get('/api/about'),
  charts: () => get('/api/charts'),
  actors: () => get('/api/actors'),
  lines,
  examine: (container) => get(`/api/examine?container=${encodeURIComponent(container)}`),
  topology: (containers) =>
    get(
      `/api/topology${containers === null ? '' : `?containers=${containers.map(encodeURIComponent).join()}`}`
    ),
  leaks: () => get('/api/leaks'),
  send: (body) => post('/api/send', body),
  async recording(keys) {
    const wanted = keys === null ? '' : `&keys=${keys.map(encodeURIComponent).join()}`;
    return (await ask(`/api/recording?format=html${wanted}`, {})).blob();
  }
};

async function* lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const { body } = await ask(path, { signal });
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const text = rest + value;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
  if (rest !== '') yield rest;
}

async function get<Value>(path: string): Promise<Value> {
  return (await (await ask(path, {})).json()) as Value;
}

async function post<Value>(path: string, body: unknown): Promise<Value> {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as Value;
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const own = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...own, ...(options.headers as Record<string, string> | undefined) };
  const response = await fetch(path, { ...options, headers, referrerPolicy: 'no-referrer' });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as {
    readonly error?: { readonly code: string; readonly message: string };
  };
  throw new Refused(
    error?.code ?? `http.${response.status}`,
    error?.message ?? response.statusText
  );
}
