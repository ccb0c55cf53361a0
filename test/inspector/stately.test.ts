import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { beforeEach, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { MACHINES } from '../../src/actors/machines.ts';
import { feed, type OpenFeed } from '../../src/inspector/server/feed.ts';
import { statelyUrl } from '../../src/inspecting.ts';
import { sendStately } from '../../src/inspector/server/stately.ts';
import { secretHider } from '../../src/model/secrets.ts';
import { played } from './journals.ts';

const host = { machines: MACHINES, version: '1.2.3' };

let receiver: WebSocketServer;
let url: string;
let records: OpenFeed;
let ending: AbortController;
let sending: Promise<void>;
const errors: unknown[] = [];

beforeEach(async () => {
  receiver = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(receiver, 'listening');
  url = `ws://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const secrets = secretHider();
  records = feed((record) => secrets.text(record), { maxRecords: 100, maxBytes: 1_000_000 });
  ending = new AbortController();
  errors.length = 0;
  return async () => {
    ending.abort();
    await sending;
    receiver.close();
  };
});

function start(): void {
  const { signal } = ending;
  sending = sendStately(records, { url, host, signal, onError: (error) => errors.push(error) });
}

interface Message {
  readonly type: string;
  readonly sessionId: string;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value: unknown };
  readonly definition?: string;
}

async function messages(socket: WebSocket, count: number): Promise<readonly Message[]> {
  const got: Message[] = [];
  for await (const [data] of on(socket)) {
    got.push(JSON.parse(data.toString()) as Message);
    if (got.length === count) return got;
  }
  return got;
}

async function* on(socket: WebSocket): AsyncGenerator<readonly [Buffer]> {
  const waiting: Buffer[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data: Buffer) => {
    waiting.push(data);
    wake();
  });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield [next];
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

it('tells of an actor with its chart, then of each event and the state it led to', async () => {
  const world = played();
  await world.up('web', []);
  const all = (await world.records()).filter(({ key }) => key === 'container/web');
  const connected = once(receiver, 'connection') as Promise<[WebSocket]>;
  start();
  const [socket] = await connected;

  for (const record of all) records.push(record);

  const told = await messages(socket, 1 + 2 * all.length);
  expect(told.map(({ type }) => type.replace('@xstate.', ''))).toEqual([
    'actor',
    ...all.flatMap(() => ['event', 'snapshot'])
  ]);
  expect(told.at(-1)).toMatchObject({ sessionId: 'container/web', snapshot: { value: 'up' } });
  expect(JSON.parse(told[0]!.definition!)).toMatchObject({ id: 'container', initial: 'absent' });
});

it('tells no secret', async () => {
  const world = played();
  const dns = { servers: [], search: ['password=hunter2-canary'], options: [] };
  const spec = { id: 'web', networks: [], ports: [], dns };
  await world.tell({ type: 'container.up', container: 'web', spec });
  const [first] = (await world.records()).filter(({ key }) => key === 'container/web');
  const connected = once(receiver, 'connection') as Promise<[WebSocket]>;
  start();
  const [socket] = await connected;

  records.push(first!);

  const text = JSON.stringify(await messages(socket, 3));
  expect(text).toContain('[hidden]');
  expect(text).not.toContain('hunter2-canary');
});

it('does nothing that the other end says, and connects again when it is lost', async () => {
  const world = played();
  await world.up('web', []);
  const [first] = (await world.records()).filter(({ key }) => key === 'container/web');
  const connected = once(receiver, 'connection') as Promise<[WebSocket]>;
  start();
  const [socket] = await connected;
  socket.send(JSON.stringify({ type: 'container.down', sessionId: 'container/web' }));
  const again = once(receiver, 'connection') as Promise<[WebSocket]>;
  socket.terminate();
  const [second] = await again;

  records.push(first!);

  expect((await messages(second, 3))[0]!.type).toBe('@xstate.actor');
  expect(errors).toEqual([expect.objectContaining({ code: 'inspector.stately' })]);
});

it.each(['http://127.0.0.1:1', 'nowhere', 'ws://someone:secret@127.0.0.1:1', ''])(
  'goes nowhere but to a WebSocket without a password: %s',
  (text) => {
    expect(() => statelyUrl(text)).toThrow(
      expect.objectContaining({ code: 'inspector.badOption' }) as Error
    );
  }
);
