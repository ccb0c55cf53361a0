import { createServer, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { openBrowser } from './chromium.ts';
import { faultsIn } from './looks.ts';

// A page of somebody else, with a policy as strict as ours.
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A report</title>
<script type="module" src="/mooring-chart.js"></script></head>
<body><main><h1>A report</h1>
<mooring-chart src="/charts.json" machine="container" active="up"></mooring-chart>
<mooring-chart src="/charts.json" machine="nothing"></mooring-chart></main></body></html>`;

interface Settable {
  setAttribute(name: string, value: string): void;
}

let browser: Browser;
let server: Server;

beforeAll(async () => {
  browser = await openBrowser();
  server = createServer(({ url = '/' }, response) => {
    const type = url.endsWith('.js')
      ? 'text/javascript'
      : url.endsWith('.json')
        ? 'application/json'
        : 'text/html';
    response.setHeader('content-type', type);
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; require-trusted-types-for 'script'"
    );
    const built = fileURLToPath(new URL(`../../dist/inspector/page${url}`, import.meta.url));
    response.end(
      url === '/'
        ? PAGE
        : /^\/(mooring-chart\.js|charts\.json)$/.test(url)
          ? readFileSync(built)
          : ''
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await browser.close();
  server.close();
});

it('draws a chart in a page of others, lit, and as text', async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const [chart, wrong] = [
    page.locator('mooring-chart').first(),
    page.locator('mooring-chart').last()
  ];
  await chart.locator('[data-state="container.up"].active').waitFor({ state: 'attached' });

  expect(await chart.locator('svg').getAttribute('aria-label')).toBe(
    'The container statechart, in up'
  );
  await chart.locator('summary').click();
  expect(await chart.locator('li').filter({ hasText: '(active)' }).innerText()).toMatch(
    /^up \(active\)/
  );
  expect(await wrong.getByRole('alert').innerText()).toContain('has no machine "nothing"');
  expect(await faultsIn(page)).toEqual([]);

  await chart.evaluate((element: Settable) => element.setAttribute('active', 'creating.holding'));
  await chart.locator('[data-state="container.creating"].active').waitFor({ state: 'attached' });
  expect(await chart.locator('[data-state="container.up"].active').count()).toBe(0);
});
