import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { NARROW, useHarness, WIDE } from './harness.ts';
import { faultsIn, show } from './looks.ts';

const harness = useHarness(async (host) => {
  await host.up('web', ['front', 'back'], 8080);
  host.world.refuse.set('cni.add bad/back', 1);
  await host.up('bad', ['front', 'back']);
  await host.up('lost', ['front', 'back']);
  host.world.refuse.set('cni.del stuck/front', 9);
  await host.up('stuck', ['front']);
  await host.down('stuck');
});

const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['wide and light', { viewport: WIDE, colorScheme: 'light' }],
  ['wide and dark', { viewport: WIDE, colorScheme: 'dark' }],
  ['narrow and light', { viewport: NARROW, colorScheme: 'light' }],
  ['narrow and dark', { viewport: NARROW, colorScheme: 'dark' }]
];

const VIEWS: readonly (readonly [string, string, string])[] = [
  ['chart', '&key=container/web', '[data-state="container.up"].active'],
  ['chart', '&key=container/bad&state=container.creating', '.drawing [data-state].pointed'],
  ['timeline', '&key=container/web', 'text=cni.add front'],
  ['sequence', '&key=container/web', 'text=namespace.hold'],
  ['log', '&key=container/web', '[role=option] >> text=files.written'],
  ['topology', '&key=container/lost', 'text=missing: eth0']
];

describe.each(LOOKS)('a page that is %s', (_, options) => {
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    page = await harness.open('view=log', options);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') errors.push(line.text());
    });
    return () => page.context().close();
  });

  it.each(VIEWS)('shows the %s (%s) with nothing cut or in the way', async (view, what, sign) => {
    await show(page, `view=${view}${what}`);
    await page.locator(sign).first().waitFor({ state: 'attached' });

    expect(await faultsIn(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it.each(['event', 'state', 'why', 'kernel'])('tells the %s of a record', async (tab) => {
    await show(page, `view=chart&key=container/lost&tab=${tab}`);
    if (options.viewport === NARROW) await page.getByRole('button', { name: 'Details' }).click();
    await page.locator('#detail-panel > :not(.waiting)').first().waitFor();

    expect(await faultsIn(page)).toEqual([]);
  });
});

describe('a view', () => {
  it('is all there again after a reload, from its address alone', async () => {
    const page = await harness.open('view=log&key=container/bad&q=is:failed&tab=why');
    const found = page.getByRole('listbox', { name: 'Records' }).getByRole('option');
    await found.first().click();
    await page.waitForURL(/at=container\/bad:\d+@\d+/);
    const panel = page.locator('#detail-panel');
    await panel.getByText('attachment.addFailed').first().waitFor();
    const told = await panel.innerText();

    await page.reload();
    await page.waitForSelector('.status-dot.live');

    await expect.poll(() => panel.innerText(), { timeout: 30_000 }).toBe(told);
    expect(await page.getByLabel('Search', { exact: true }).inputValue()).toBe('is:failed');
    expect(page.url()).not.toContain('code=');
    await page.context().close();
  });

  it('finds by fields, by an expression, and by what is not', async () => {
    const page = await harness.open('view=log&all=1');
    const search = page.getByLabel('Search', { exact: true });
    const types = async () => {
      const rows = page.getByRole('listbox', { name: 'Records' }).getByRole('option');
      return [...new Set(await rows.locator('.log-key').allInnerTexts())].sort();
    };

    await search.fill('type:/^attachment\\.(added|addFailed)$/ -key:container/web');

    await expect
      .poll(types, { timeout: 30_000 })
      .toEqual(['container/bad', 'container/lost', 'container/stuck']);
    await expect.poll(() => decodeURIComponent(page.url())).toContain('-key:container/web');
    await page.context().close();
  });

  it('moves nothing for who wants no motion', async () => {
    const page = await harness.open('view=topology&key=container/web', {
      reducedMotion: 'reduce'
    });
    await page.waitForSelector('.wire');

    const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((e) => {
      const { animationName, animationDuration, transitionDuration } = getComputedStyle(e);
      const longest = (text) => Math.max(...text.split(',').map(parseFloat));
      return (animationName !== 'none' && longest(animationDuration) > 0.01) || longest(transitionDuration) > 0.01;
    }).map((e) => e.className)`);

    expect(moving).toEqual([]);
    await page.context().close();
  });
});
