import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectOurs } from '../../src/inspector/server/guard.ts';
import { played } from './journals.ts';
import { inspected, type Inspected } from './server.ts';

let inspector: Inspected;
let port: string;

beforeAll(async () => {
  const host = played();
  await host.up('web', ['front']);
  inspector = await inspected(host, {
    send: () => Promise.resolve({ taken: true, correlation: 'inspector-1', state: 'up' })
  });
  port = new URL(inspector.origin).port;
});

afterAll(() => inspector.close());

describe('the host that a request names', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]'])('may be %s, with any port', async (name) => {
    const headers = { authorization: `Bearer ${inspector.token}` };

    for (const host of [`${name}:${port}`, `${name}:9999`, name]) {
      const answer = await inspector.ask({ path: '/api/about', headers: { ...headers, host } });
      expect(answer.status).toBe(200);
    }
  });

  it.each([
    ['evil.example', 'resolved to loopback by its owner'],
    ['localhost6', 'CVE-2021-22884 of the Node inspector'],
    ['10.0.2.555', 'CVE-2022-32212: no address, so a name'],
    ['1.09.0.0', 'CVE-2022-43548: octal to some, a name to others'],
    ['0177.0.0.1', 'octal'],
    ['2130706433', 'decimal'],
    ['0x7f.1', 'hexadecimal'],
    ['127.1', 'short'],
    ['127.0.0.1.', 'with a dot more'],
    ['localhost.', 'with a dot more'],
    ['LOCALHOST', 'in other letters'],
    ['127.0.0.1.evil.example', 'as the beginning of another'],
    ['evil.example#127.0.0.1', 'behind a mark'],
    ['user@127.0.0.1', 'with a user'],
    ['[::ffff:127.0.0.1]', 'mapped'],
    ['[0:0:0:0:0:0:0:1]', 'long'],
    ['0.0.0.0', 'any address']
  ])('may not be %s (%s)', async (name) => {
    for (const path of ['/', '/page.js', '/api/about', '/api/session']) {
      const answer = await inspector.ask({ path, headers: { host: `${name}:${port}` } });
      expect(answer.status).toBe(403);
      expect(answer.json()).toMatchObject({ error: { code: 'inspector.foreign' } });
    }
  });

  it('may be nothing else, whatever it is', () => {
    const ours = new Set(['127.0.0.1', '[::1]', 'localhost']);
    const hosts = fc.oneof(
      fc.string(),
      fc.ipV4Extended(),
      fc.ipV6(),
      fc.domain(),
      fc.tuple(fc.constantFrom(...ours), fc.string({ minLength: 1 })).map((parts) => parts.join(''))
    );
    fc.assert(
      fc.property(hosts, (host) => {
        const isOurs = ours.has(host.replace(/:\d{1,5}$/, ''));
        if (isOurs) expectOurs({ host });
        else expect(() => expectOurs({ host })).toThrow('is not this machine');
      }),
      { numRuns: 10_000 }
    );
  });
});

describe('a page of another origin', () => {
  const own = () => ({ authorization: `Bearer ${inspector.token}`, host: `127.0.0.1:${port}` });

  it.each([
    'https://evil.example',
    'http://evil.example',
    'null',
    'http://localhost:3000',
    'https://127.0.0.1',
    'file://'
  ])('may not ask, even with a token (%s)', async (origin) => {
    const answer = await inspector.ask({ path: '/api/about', headers: { ...own(), origin } });

    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('is known by what the browser says of it, too', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const headers = { ...own(), 'sec-fetch-site': site };
      expect((await inspector.ask({ path: '/api/about', headers })).status).toBe(403);
    }
  });

  it('may not ask what it may ask, either', async () => {
    const headers = {
      ...own(),
      origin: 'https://evil.example',
      'access-control-request-method': 'POST'
    };

    const answer = await inspector.ask({ path: '/api/send', method: 'OPTIONS', headers });
    expect(answer.status).toBe(403);
  });
});

describe('a token', () => {
  it('is needed for everything that tells of the host', async () => {
    for (const name of [
      'about',
      'actors',
      'charts',
      'feed',
      'journal',
      'recording',
      'send',
      'nothing'
    ]) {
      for (const authorization of [
        undefined,
        '',
        'Bearer ',
        'Bearer x',
        inspector.token.slice(1)
      ]) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await inspector.ask({ path: `/api/${name}`, headers });
        expect(answer.status).toBe(401);
      }
    }
  });

  it('is had for a code that is good once', async () => {
    const code = new URL(inspector.server.address()).hash.slice('#code='.length);
    const exchange = (text: unknown) =>
      inspector.ask({
        path: '/api/session',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: text })
      });

    expect((await exchange(code)).status).toBe(200);
    for (const other of [code, `${code}x`, '', 7, null, { code }]) {
      expect((await exchange(other)).status).toBe(401);
    }
    expect(inspector.server.address()).not.toContain(code);
    // The one that was given before is good still.
    expect((await inspector.get('/api/about')).status).toBe(200);
  });

  it('is in no address, and in no answer but that one', async () => {
    for (const path of ['/api/about', '/api/actors', '/']) {
      const { text, headers } = await inspector.get(path);
      expect(text + JSON.stringify(headers)).not.toContain(inspector.token);
    }
    expect(inspector.server.address()).not.toContain(inspector.token);
  });
});

describe('a command', () => {
  const command = { container: 'web', command: 'reload', confirm: 'web' };

  it('is sent when it is confirmed', async () => {
    expect((await inspector.post('/api/send', command)).json()).toMatchObject({ taken: true });
  });

  it.each([
    ['not confirmed', { ...command, confirm: 'we' }],
    ['not confirmed at all', { container: 'web', command: 'reload' }],
    ['none that can be sent', { ...command, command: 'container.up' }],
    ['from the prototype', { ...command, command: 'constructor' }],
    ['for no container', { ...command, container: '../web', confirm: '../web' }],
    ['no object', 'reload']
  ])('is refused: %s', async (_, body) => {
    expect((await inspector.post('/api/send', body)).status).toBeGreaterThanOrEqual(400);
  });

  it('is not taken from a form, nor when it is larger than any', async () => {
    const form = { 'content-type': 'text/plain' };
    expect((await inspector.post('/api/send', command, form)).status).toBe(400);
    const large = { ...command, options: { text: 'x'.repeat(70_000) } };
    expect((await inspector.post('/api/send', large)).status).toBe(413);
    expect((await inspector.get('/api/send')).status).toBe(405);
  });

  it('is refused where only looking is allowed', async () => {
    const looking = await inspected(played());

    const answer = await looking.post('/api/send', command);
    await looking.close();

    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ error: { code: 'inspector.readOnly' } });
  });
});

describe('a path', () => {
  it.each([
    '/../../package.json',
    '/%2e%2e/package.json',
    '/src/index.ts',
    '/__proto__',
    '/constructor',
    '/api/__proto__',
    '/api/toString'
  ])('leads to no file: %s', async (path) => {
    expect((await inspector.get(path)).status).toBe(404);
  });

  it('names no host', async () => {
    expect((await inspector.get('//evil.example/api/about')).status).toBe(400);
  });
});
