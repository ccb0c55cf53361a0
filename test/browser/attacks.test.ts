import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useHarness } from './harness.ts';
import { show } from './looks.ts';

const CANARY = 'hunter2-canary-9c1f';

let commands = 0;

const harness = useHarness(
  async (host) => {
    const spec = {
      ...{ id: 'web', networks: [{ network: 'front', ifName: 'eth0' }], ports: [] },
      dns: {
        servers: [],
        search: [`password=${CANARY}`],
        options: [`https://someone:${CANARY}@registry.example`, `Bearer ${CANARY}`]
      },
      hosts: { file: `/srv/api_key=${CANARY}` }
    };
    await host.tell({ type: 'container.up', container: 'web', spec });
  },
  () => ({
    send: () => {
      commands += 1;
      return Promise.reject(new Error('nothing is to be sent'));
    }
  })
);

let foreign: Server;
let origin: string;

beforeAll(async () => {
  foreign = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>foreign</title><body></body>');
  });
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  origin = `http://evil.test:${(foreign.address() as AddressInfo).port}`;
  return () => foreign.close();
});

describe('the inspector', () => {
  it('listens on the loopback alone', () => {
    const port = Number(new URL(harness.inspector.origin).port);
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const listening = ['tcp', 'tcp6'].flatMap((family) =>
      readFileSync(`/proc/net/${family}`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A' && fields[1]!.endsWith(`:${hex}`))
        .map((fields) => fields[1])
    );

    expect(listening).toEqual([`0100007F:${hex}`]);
  });
});

describe('a page of a foreign origin', () => {
  let page: Page;

  // Somebody has the inspector open in the same browser.
  beforeAll(async () => {
    const own = await harness.open();
    page = await own.context().newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(origin);
    return () => own.context().close();
  });

  const run = <Value>(body: string) =>
    page.evaluate<Value>(
      `(async (target) => { ${body} })(${JSON.stringify(harness.inspector.origin)})`
    );

  it.each([
    ['what is told', "fetch(target + '/api/actors')"],
    ['the page', "fetch(target + '/')"],
    [
      'anything by a header of its own',
      "fetch(target + '/api/actors', { headers: { authorization: 'Bearer x' } })"
    ],
    [
      'the exchange of a code',
      "fetch(target + '/api/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })"
    ]
  ])('can not read %s', async (_, call) => {
    const told = await run(`return ${call}.then((answer) => answer.text(), () => 'refused')`);

    expect(told).toBe('refused');
  });

  it('can not send a command, by a request or a form', async () => {
    const body = '{"container":"web","command":"down","confirm":"web"}';
    await run(`
      await fetch(target + '/api/send', { method: 'POST', mode: 'no-cors', credentials: 'include', body: ${JSON.stringify(body)} }).catch(() => undefined);
      await new Promise((resolve) => {
        const frame = Object.assign(document.createElement('iframe'), { name: 'sink' });
        const form = Object.assign(document.createElement('form'), { method: 'POST', action: target + '/api/send', target: 'sink', enctype: 'text/plain' });
        form.append(Object.assign(document.createElement('input'), { name: ${JSON.stringify(body)} }));
        document.body.append(frame, form);
        frame.onload = resolve;
        form.submit();
      });`);

    expect(commands).toBe(0);
    const { text } = await harness.inspector.get('/api/journal?key=container/web');
    expect(text).not.toContain('container.down');
  });

  it('can not open a socket', async () => {
    const told = await run(`return new Promise((resolve) => {
      const socket = new WebSocket(target.replace('http', 'ws') + '/api/feed');
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('refused');
    })`);

    expect(told).toBe('refused');
  });

  it.each([
    ['script', 'src', '/page.js'],
    ['script', 'src', '/mooring-chart.js'],
    ['img', 'src', '/icon.svg'],
    ['link', 'href', '/page.css']
  ])('can not use our files as a %s (%s of %s)', async (tag, attribute, path) => {
    const told = await run(`return new Promise((resolve) => {
      const element = document.createElement('${tag}');
      Object.assign(element, { rel: 'stylesheet', onload: () => resolve('loaded'), onerror: () => resolve('refused') });
      element['${attribute}'] = target + '${path}';
      document.head.append(element);
    })`);

    expect(told).toBe('refused');
  });

  it('can not frame the page, nor hold on to a window of it', async () => {
    await run(`return new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = resolve;
      frame.src = target + '/';
      document.body.append(frame);
    })`);
    const framed = page
      .frames()
      .filter((frame) => frame.url().startsWith(harness.inspector.origin));
    const bodies = await Promise.all(framed.map((frame) => frame.content().catch(() => '')));
    expect(bodies.filter((body) => body.includes('id="page"'))).toEqual([]);

    const [popup] = await Promise.all([
      page.context().waitForEvent('page'),
      run(`window.held = window.open(target + '/'); return null`)
    ]);
    await popup.waitForLoadState();

    expect(await page.evaluate('window.held.closed')).toBe(true);
    await popup.close();
  });

  it('is as foreign when its own name leads here', async () => {
    const { port } = new URL(harness.inspector.origin);
    for (const name of ['rebound.test', 'localhost.test', '127.0.0.1.test']) {
      const answer = await page.goto(`http://${name}:${port}/`);
      const told = await page.evaluate<number>(`fetch('/api/actors').then(({ status }) => status)`);

      expect([answer!.status(), told]).toEqual([403, 403]);
      expect(await answer!.text()).toContain('inspector.foreign');
    }
    await page.goto(origin);
  });
});

describe('a recording full of markup', () => {
  const TEMPLATES = [
    '<script>P</script>',
    '<img src=x onerror=P>',
    '<svg onload=P>',
    '"><script>P</script>',
    "'><img src=x onerror='P'>",
    // eslint-disable-next-line no-script-url -- an attack
    'javascript:P',
    '[link](javascript:P)',
    '![i](x"onerror="P)',
    '</style><script>P</script>',
    '</title><svg/onload=P>',
    '<iframe srcdoc="<script>P</script>">',
    '<a href="javascript:P">x</a>',
    '<details open ontoggle=P>',
    '<math><mtext></form><form><mglyph><style></math><img src onerror=P>',
    '<input autofocus onfocus=P>',
    '{{constructor.constructor("P")()}}',
    '${P}',
    '<object data="javascript:P">',
    '<meta http-equiv=refresh content="0;url=javascript:P">',
    '<base href="http://evil.test/">',
    '<link rel=stylesheet href="http://evil.test/x.css">',
    '<img src="http://evil.test/x.png">',
    '<template><script>P</script></template>',
    '\u2028<script>P</script>',
    '<scr\u0000ipt>P</script>'
  ];
  const ACTS = ['alert(1)', 'window.pwned=1', "fetch('http://evil.test/')", 'print()'];
  const MANNERS: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => text.toUpperCase().replaceAll('P', 'p'),
    (text) => text.replaceAll('<', '\\u003c'),
    (text) => `${text}\n${text}`,
    (text) => `--> ]]> ${text} <!--`
  ];
  const PAYLOADS = TEMPLATES.flatMap((template) =>
    ACTS.flatMap((act) => MANNERS.map((manner) => manner(template.replaceAll('P', act))))
  );

  const excerpt = (text: string) => ({ text, length: text.length });
  const record = (text: string, place: number) => ({
    ...{ v: 1, key: `container/${text}`, seq: 1, time: place + 1, token: 1, machine: text },
    ...{ causation: text, correlation: text, host: text, boot: text, value: text },
    event: { type: text, container: text, network: text, failure: { code: text, message: text } },
    requests: [{ id: text, request: { type: text, network: text, [text]: text } }],
    spans: [
      { kind: 'wait', on: text, begunAt: place, tookMs: 1 },
      {
        ...{ kind: 'run', program: text, command: text, begunAt: place, tookMs: 1, exitCode: 1 },
        ...{ stdin: excerpt(text), stdout: excerpt(text), stderr: excerpt(text) }
      }
    ]
  });

  it('does nothing but be shown', { timeout: 120_000 }, async () => {
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(500);
    const page = await harness.open();
    const seen: string[] = [];
    page.on('dialog', (dialog) => {
      seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => seen.push(error.message));
    page.on('request', (request) => {
      // The browser asks for the icon again with every address.
      const isOwn = request.url() === `${harness.inspector.origin}/icon.svg`;
      if (!isOwn && !/^(?:blob|data):/.test(request.url())) seen.push(request.url());
    });
    await page.evaluate(
      `window.broken = []; addEventListener('securitypolicyviolation', ({ blockedURI, violatedDirective }) => window.broken.push(violatedDirective + ' ' + blockedURI))`
    );
    const { machines } = (await harness.inspector.get('/api/charts')).json() as {
      machines: readonly { readonly kind: string }[];
    };
    const charts = machines.map((one) =>
      one.kind === 'container' ? { ...one, why: PAYLOADS.join('\n\n') } : one
    );
    const observed = {
      seen: null,
      networks: PAYLOADS.slice(0, 40).map((name) => ({
        name,
        driver: name,
        network_interface: name,
        subnets: [{ subnet: name }]
      })),
      containers: []
    };
    const lines = [{ charts: { machines: charts } }, { observed }, ...PAYLOADS.map(record)];
    await page.evaluate(
      `(() => { const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File([${JSON.stringify(lines.map((one) => JSON.stringify(one)).join('\n'))}], ${JSON.stringify(PAYLOADS[1])})); document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })); })()`
    );
    await page.getByText('500 records').first().waitFor();
    seen.length = 0;

    for (const [place, text] of PAYLOADS.filter((_, index) => index % 21 === 0).entries()) {
      const view = ['chart', 'timeline', 'sequence', 'log', 'topology'][place % 5]!;
      const tab = ['event', 'state', 'why'][place % 3]!;
      await show(
        page,
        `view=${view}&tab=${tab}&all=1&key=${encodeURIComponent(`container/${text}`)}`
      );
      await page.locator('#detail-panel > *').first().waitFor();
    }
    await show(page, `view=chart&key=${encodeURIComponent(`container/${PAYLOADS[0]}`)}`);
    for (const fold of await page.locator('summary').all()) await fold.click();

    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.evaluate('window.broken')).toEqual([]);
    expect(seen).toEqual([]);
    await page.context().close();
  });
});

describe('a secret', () => {
  const PATHS = [
    'actors',
    'records',
    'steps?key=container/web',
    'journal?key=container/web',
    'timeline?key=container/web',
    'sequence?key=container/web',
    'log',
    'topology',
    'why?key=container/web&seq=1',
    'examine?container=web',
    'recording'
  ];

  it.each(PATHS)('is not told by /api/%s', async (path) => {
    const { text, status } = await harness.inspector.get(`/api/${path}`);

    expect(status).toBe(200);
    expect(text).not.toContain(CANARY);
  });

  it('is in no recording', async () => {
    const { text } = await harness.inspector.get('/api/recording?format=html');
    const [, packed] = /id="recording">([^<]+)</.exec(text)!;
    const lines = gunzipSync(Buffer.from(packed!, 'base64')).toString();

    expect(lines).toContain('container/web');
    expect(lines).not.toContain(CANARY);
  });

  it('is nowhere on the page', async () => {
    const page = await harness.open('view=log&key=container/web');
    await page.getByRole('listbox', { name: 'Records' }).getByRole('option').first().click();
    await page.waitForURL(/at=/);
    const texts: string[] = [];
    for (const tab of ['event', 'state', 'why', 'kernel']) {
      await show(page, `view=log&key=container/web&tab=${tab}`);
      await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
      await page.locator('#detail-panel > :not(.waiting)').first().waitFor();
      const folded = page.locator('#detail-panel details:not([open]) > summary').first();
      while ((await folded.count()) > 0) await folded.click();
      texts.push(await page.content());
    }

    expect(texts.join('')).toContain('[hidden]');
    expect(texts.join('')).not.toContain(CANARY);
    await page.context().close();
  });
});

afterAll(() => {
  // Nothing above was let through.
  expect(commands).toBe(0);
});
