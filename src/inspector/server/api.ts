import type { IncomingMessage, ServerResponse } from 'node:http';
import { MooringError } from '../../model/failure.ts';
import { parseContainerId } from '../../model/names.ts';
import type { SecretHider } from '../../model/secrets.ts';
import { actorRows } from './actors.ts';
import type { Feed } from './feed.ts';
import type { Following } from './following.ts';
import type { InspectedHost } from './host.ts';
import { bodyOf, goneSignal, sendJson, sendLines, sendText } from './http.ts';
import { allRecords, keyFrom, recordsOf } from './journals.ts';
import { recordingLines, recordingPage } from './recording.ts';
import { parseSend } from './send.ts';
import { testText } from '../model/test-text.ts';
import { viewsOf, type Views } from './views.ts';

export interface ApiParts {
  readonly host: InspectedHost;
  readonly feed: Feed;
  readonly following: Following;
  readonly secrets: SecretHider;
  /** Charts with their layouts, as JSON. */
  readonly charts: () => string;
  /** The page as one file, for recordings. */
  readonly page: () => string;
}

/** What may be asked: by a page with a token, or by any program with one. */
export type Api = (request: IncomingMessage, url: URL, response: ServerResponse) => Promise<void>;

type Handler = (asked: Asked) => Promise<void>;

interface Asked {
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function apiOf(parts: ApiParts): Api {
  const { host } = parts;
  const views = viewsOf(host, parts.feed);
  const answer = ({ response }: Asked, value: unknown) =>
    sendJson(response, parts.secrets.text(value));
  const read: Readonly<Record<string, Handler>> = {
    about: async (asked) => answer(asked, aboutOf(parts)),
    charts: async ({ response }) => sendJson(response, parts.charts()),
    actors: async (asked) => answer(asked, await actorRows(host)),
    journal: (asked) => journal(parts, asked),
    records: (asked) => records(parts, asked),
    feed: (asked) => follow(parts, asked),
    examine: async (asked) => {
      answer(
        asked,
        await host.mooring.examine(parseContainerId(asked.query.get('container') ?? ''))
      );
    },
    topology: async (asked) => {
      const names = asked.query.get('containers')?.split(',').map(parseContainerId);
      answer(asked, await views.topology(names ?? null, limitOf(asked.query, 200)));
    },
    leaks: async (asked) => answer(asked, await views.leaks()),
    ...viewHandlers(host, views, answer),
    test: async (asked) => {
      const key = keyFrom(asked.query.get('key'), host);
      const records = [];
      for await (const record of recordsOf(host, key)) records.push(record);
      const text = testText(records, seqOf(asked.query), host.machines);
      sendText(asked.response, text, 'text/plain; charset=utf-8');
    },
    recording: (asked) => recording(parts, asked)
  };
  const change: Readonly<Record<string, Handler>> = {
    send: async (asked) => answer(asked, await send(host, asked))
  };

  return async (request, { pathname, searchParams }, response) => {
    const name = pathname.slice('/api/'.length);
    const isRead = request.method === 'GET';
    const handler = own(isRead ? read : change, name);
    if (handler !== undefined) return handler({ query: searchParams, request, response });
    if (own(isRead ? change : read, name) !== undefined) {
      throw new MooringError(
        'inspector.badMethod',
        `${name} is not asked for by ${request.method}`
      );
    }
    throw new MooringError('inspector.notFound', `there is nothing at ${JSON.stringify(pathname)}`);
  };
}

function own(handlers: Readonly<Record<string, Handler>>, name: string): Handler | undefined {
  return Object.hasOwn(handlers, name) ? handlers[name] : undefined;
}

function viewHandlers(
  host: InspectedHost,
  views: Views,
  answer: (asked: Asked, value: unknown) => void
): Readonly<Record<string, Handler>> {
  const keysIn = (query: URLSearchParams) =>
    (query.get('keys') ?? query.get('key') ?? '').split(',').map((text) => keyFrom(text, host));
  return {
    steps: async (asked) => answer(asked, await views.steps(keyFrom(asked.query.get('key'), host))),
    timeline: async (asked) => answer(asked, await views.timeline(keysIn(asked.query))),
    sequence: async (asked) => {
      answer(asked, await views.sequence(keysIn(asked.query), asked.query.get('correlation')));
    },
    why: async (asked) => {
      const { query } = asked;
      const key = keyFrom(query.get('key'), host);
      answer(asked, await views.why(key, seqOf(query), query.get('event')));
    },
    log: async (asked) => {
      const { query, response } = asked;
      const found = await views.log(
        query.get('query') ?? '',
        limitOf(query, 200),
        goneSignal(response)
      );
      answer(asked, found);
    }
  };
}

function aboutOf({ host, feed }: ApiParts): object {
  return {
    ...{ version: host.version, root: host.root, kinds: host.kinds, boot: host.store.boot },
    sends: host.send !== undefined,
    newest: feed.newest(),
    dropped: feed.dropped(),
    now: Date.now()
  };
}

async function journal({ host, secrets }: ApiParts, { query, response }: Asked): Promise<void> {
  const key = keyFrom(query.get('key'), host);
  const after = Number(query.get('after') ?? 0);
  await sendLines(response, lines(), goneSignal(response));

  async function* lines(): AsyncGenerator<string> {
    for await (const record of recordsOf(host, key, after)) yield secrets.text(record);
  }
}

/** Everything that was recorded, what changed last first; whoever has enough hangs up. */
async function records(parts: ApiParts, { response }: Asked): Promise<void> {
  const gone = goneSignal(response);
  await sendLines(response, lines(), gone);

  async function* lines(): AsyncGenerator<string> {
    for await (const record of allRecords(parts.host, parts.feed.keys(), gone)) {
      yield parts.secrets.text(record);
    }
  }
}

const BEAT_MS = 10_000;

// A beat tells a page that the line is still there when nothing happens. The first one says
// that from here on nothing is missed: what is in the journals can be read now.
async function follow(parts: ApiParts, { query, response }: Asked): Promise<void> {
  const { feed } = parts;
  const gone = goneSignal(response);
  const leave = parts.following.look();
  const newest = feed.newest();
  const after = Number(query.get('after') ?? newest);
  const beat = setInterval(() => response.write(`{"now":${Date.now()}}\n`), BEAT_MS);
  try {
    await sendLines(response, lines(), gone);
  } finally {
    clearInterval(beat);
    leave();
  }

  async function* lines(): AsyncGenerator<string> {
    yield JSON.stringify({ now: Date.now(), newest });
    yield* feed.lines(after, gone);
  }
}

async function recording(parts: ApiParts, { query, response }: Asked): Promise<void> {
  const { host } = parts;
  const keys = query
    .get('keys')
    ?.split(',')
    .map((text) => keyFrom(text, host));
  const gone = goneSignal(response);
  const source = recordingLines(parts, keys ?? null, gone);
  if (query.get('format') === 'html') {
    const text = await recordingPage(parts.page(), source);
    sendText(response, text, 'text/html; charset=utf-8');
  } else await sendLines(response, source, gone);
}

async function send(host: InspectedHost, { request }: Asked): Promise<unknown> {
  if (host.send === undefined) {
    const message = 'this inspector only looks: start it with --allow-send to send commands';
    throw new MooringError('inspector.readOnly', message);
  }
  return host.send(parseSend(await bodyOf(request)));
}

function limitOf(query: URLSearchParams, most: number): number {
  const wanted = Number(query.get('limit') ?? most);
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, 10_000) : most;
}

function seqOf(query: URLSearchParams): number {
  const seq = Number(query.get('seq'));
  if (Number.isInteger(seq) && seq > 0) return seq;
  throw new MooringError('inspector.badRequest', 'seq must be the number of a record');
}
