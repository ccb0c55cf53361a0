// What the server is asked by whoever comes, and what the other end of `--stately` says.
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { MACHINES } from '../../src/actors/machines.ts';
import { feed } from '../../src/inspector/server/feed.ts';
import type { SentCommand } from '../../src/inspector/server/host.ts';
import { sendStately } from '../../src/inspector/server/stately.ts';
import { MooringError } from '../../src/model/failure.ts';
import { fuzzed, hostileName } from './hostile.ts';
import { played, type Played } from './journals.ts';
import { inspected, type Inspected } from './server.ts';

let host: Played;
let inspector: Inspected;
const sent: SentCommand[] = [];

beforeAll(async () => {
  host = played();
  await host.up('web', ['front']);
  const unknown = (id: string) =>
    Promise.reject(new MooringError('container.notFound', `no container is named ${id}`));
  inspector = await inspected(host, {
    mooring: {
      examine: unknown,
      gc: () => Promise.resolve({ removed: [], kept: [] }),
      list: () => Promise.resolve({ containers: [], unreadable: [] }),
      networks: { list: () => Promise.resolve({ networks: [], problems: [] }) } as never
    },
    send: (command) => {
      sent.push(command);
      return Promise.resolve({ taken: true, correlation: 'inspector-1', state: 'up' });
    }
  });
});

afterAll(() => inspector.close());

const VIEWS = [
  ...['about', 'charts', 'actors', 'journal', 'records', 'steps', 'timeline', 'sequence', 'log'],
  ...['why', 'topology', 'examine', 'leaks', 'test', 'recording', 'send', 'session', 'nothing']
];
const PARAMETERS = [
  ...['key', 'keys', 'seq', 'event', 'query', 'limit', 'after', 'containers', 'container'],
  ...['correlation', 'format', '__proto__', 'constructor']
];

const parameters = fc.array(
  fc.tuple(
    fc.constantFrom(...PARAMETERS),
    fc.oneof(hostileName, fc.constantFrom('container/web', '1', '-1', '1e9', 'html', 'web'))
  ),
  { maxLength: 4 }
);

const asked = fc.tuple(fc.oneof(fc.constantFrom(...VIEWS), hostileName), parameters);

const encoded = (text: string) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, '\ufffd'));

function pathOf([view, given]: readonly [string, readonly (readonly [string, string])[]]): string {
  const query = given.map((pair) => pair.map(encoded).join('=')).join('&');
  return `/api/${VIEWS.includes(view) ? view : encoded(view)}?${query}`;
}

// What our own code did not foresee is told by 500, and by the name of a mistake.
function expectAnswered(answer: Awaited<ReturnType<Inspected['get']>>): void {
  expect(answer.status).not.toBe(500);
  if (answer.status === 200) return;
  const { error } = answer.json() as { error: { code: string; message: string } };
  expect(error.code).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
  expect(error.message).not.toContain('\n');
}

const journal = async () => (await inspector.get('/api/journal?key=container/web')).text;

it('answers whatever is asked with what is so, or with one line that says why not', async () => {
  const before = await journal();
  await fc.assert(
    fc.asyncProperty(asked, async (what) => expectAnswered(await inspector.get(pathOf(what)))),
    fuzzed(400)
  );
  expect(await journal()).toBe(before);
}, 60_000);

const body = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        container: fc.oneof(fc.constant('web'), hostileName, fc.jsonValue()),
        command: fc.oneof(fc.constantFrom('down', 'reload'), hostileName, fc.jsonValue()),
        confirm: fc.oneof(fc.constant('web'), hostileName, fc.jsonValue()),
        options: fc.oneof(fc.constant({}), fc.jsonValue())
      },
      { requiredKeys: [] }
    )
    .map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '['.repeat(60_000),
    '{"a":'.repeat(10_000),
    ' '.repeat(70_000),
    '{"__proto__":{}}'
  )
);

it('sends nothing but what is named twice', async () => {
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      sent.length = 0;
      const headers = {
        authorization: `Bearer ${inspector.token}`,
        'content-type': 'application/json'
      };
      const answer = await inspector.ask({
        path: '/api/send',
        method: 'POST',
        headers,
        body: text
      });
      expectAnswered(answer);
      if (sent.length === 0) return;
      const { container, confirm } = JSON.parse(text) as Record<string, unknown>;
      expect([container, confirm]).toEqual([sent[0]!.container, sent[0]!.container]);
      expect(sent[0]!.container).toMatch(/^[A-Za-z0-9][\w.-]*$/);
    }),
    fuzzed(300)
  );
}, 60_000);

/** What is said to a socket of the server until it hangs up. */
async function said(bytes: Buffer): Promise<string> {
  const { port } = new URL(inspector.origin);
  const socket = connect(Number(port), '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('data', (chunk) => heard.push(chunk)).on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(heard).toString('latin1');
}

const head = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'CONNECT', 'PRI', 'get', '\u0000'),
    fc.oneof(fc.constantFrom('/', '//evil.example/', '*', 'http://evil.example/'), hostileName),
    fc.array(
      fc.oneof(
        fc.constantFrom('Host: localhost', 'Host: evil.example', 'Connection: Upgrade'),
        fc.constantFrom('Upgrade: websocket', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
        fc.constantFrom('Sec-WebSocket-Version: 13', 'Transfer-Encoding: chunked'),
        fc.constantFrom(
          'Content-Length: 99999999999',
          'Content-Length: -1',
          'Expect: 100-continue'
        ),
        hostileName
      ),
      { maxLength: 6 }
    )
  )
  .map(
    ([method, path, headers]) => `${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`
  );

it('tells nothing to bytes that are no request, nor opens a socket to any', async () => {
  const bytes = fc.oneof(
    head.map((text) => Buffer.from(text)),
    fc
      .tuple(head, fc.uint8Array({ maxLength: 200 }))
      .map(([text, rest]) => Buffer.concat([Buffer.from(text), rest])),
    fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one))
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (one) => {
      const answer = await said(one);
      expect(answer).not.toMatch(/^HTTP\/1\.1 (?:101|500)/);
      expect(answer).not.toContain('container/web');
    }),
    fuzzed(200)
  );
  expect((await inspector.get('/api/about')).status).toBe(200);
}, 60_000);

const frame = fc.oneof(
  fc.json(),
  hostileName.map((name) => JSON.stringify({ type: '@xstate.event', event: { type: name } })),
  hostileName,
  fc.uint8Array({ maxLength: 2_000 }),
  fc.constant('x'.repeat(200_000))
);

it('goes on sending in the format of Stately, whatever is said to it', async () => {
  const receiver = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(receiver, 'listening');
  const url = `ws://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const frames = fc.sample(fc.array(frame, { minLength: 5, maxLength: 20 }), {
    ...fuzzed(8),
    numRuns: 8
  });
  const records = feed(JSON.stringify, { maxRecords: 1_000, maxBytes: 1e6 });
  const errors: unknown[] = [];
  const ending = new AbortController();
  let connections = 0;
  let told = 0;
  receiver.on('connection', (socket: WebSocket) => {
    connections += 1;
    socket.on('message', () => (told += 1)).on('error', () => undefined);
    // One in three listens: who is told more than it hears hangs up.
    if (connections % 3 === 0) return;
    for (const one of frames[connections % frames.length]!) socket.send(one);
    socket.ping('x'.repeat(125));
  });

  const sending = sendStately(records, {
    ...{ url, host: { machines: MACHINES, version: '1' }, signal: ending.signal },
    onError: (error) => errors.push(error)
  });
  for (const record of await host.records()) records.push(record);

  await expect.poll(() => told, { timeout: 30_000 }).toBeGreaterThanOrEqual(records.newest());
  ending.abort();
  await sending;
  expect(errors.map(String).filter((text) => !text.includes(url))).toEqual([]);
  expect(sent).toEqual([]);
  for (const client of receiver.clients) client.terminate();
  receiver.close();
}, 60_000);
